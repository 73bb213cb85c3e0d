/** Headers of a file that anybody may have written: it is saved, or shown where that is harmless, and never run. */

import type { Described } from "./protocol.ts";

/** What may be shown. XML of any kind can hold scripts. */
const SHOWN = /^(?!.*(svg|xml))(image\/|audio\/|video\/|application\/pdf$|text\/plain$)[\w.+-]*$/;
/** Control characters, those that turn the direction of writing, halves of characters, and what is no part of a file name. */
const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_C}"\\/]/gu;

/** On every response, also those without a file. */
export const ALWAYS = {
  "Content-Security-Policy": "sandbox; default-src 'none'",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
};

/** The disposition is that of RFC 6266, with RFC 8187 for what is not ASCII. */
export function headersOf({ name, type = "", inline }: Described): Record<string, string> {
  const [plain = ""] = type.toLowerCase().split(";");
  const shown = SHOWN.test(plain);
  const fit = name.slice(0, 255).replace(UNFIT, "_").replace(/^\.*$/, "download");
  const ascii = fit.replace(/[^ -~]|%/g, "_");
  const encoded = encodeURIComponent(fit).replace(/['()*]/g, (it) => `%${it.charCodeAt(0).toString(16)}`);
  return {
    ...ALWAYS,
    "Content-Type": shown ? plain.replace(/^text.*/, "$&; charset=utf-8") : "application/octet-stream",
    "Content-Disposition": `${shown && inline ? "inline" : "attachment"}; filename="${ascii}"; filename*=UTF-8''${encoded}`,
  };
}

/**
 * What to answer (RFC 9110, section 14): start, end and status, for one range. For several, or where another version of the file
 * is asked for, or the size is not known, it is all of the file.
 */
export function rangeOf(
  asked: Headers,
  tag: string,
  size: number | undefined,
): [start: number, end: number | undefined, status: number] {
  const [, from, to] = /^bytes=(?!-$)(\d*)-(\d*)$/i.exec(asked.get("Range") ?? "") ?? [];
  const other = (asked.get("If-Range") ?? tag) !== tag;
  if (size === undefined || from === undefined || other || (from && to && +from > +to)) return [0, size, 200];
  const start = from ? +from : Math.max(0, size - Number(to));
  const end = from && to ? Math.min(size, +to + 1) : size;
  return start < end ? [start, end, 206] : [0, 0, 416];
}
