/** Bytes as text, and text as the bytes that it came from. */

export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

export interface Decoded {
  readonly text: string;
  readonly encoding: Encoding;
  /** It begins with the mark that tells the encoding. */
  readonly mark: boolean;
}

/** `isWhole`: else the last character may be cut in two. */
export function decode(bytes: Uint8Array, isWhole: boolean): Decoded {
  const [first, second, third] = bytes;
  const as = (encoding: Encoding, fatal: boolean) =>
    new TextDecoder(encoding, { fatal }).decode(bytes, { stream: !isWhole });
  if (first === 0xff && second === 0xfe)
    return { text: as("utf-16le", false), encoding: "utf-16le", mark: true };
  if (first === 0xfe && second === 0xff)
    return { text: as("utf-16be", false), encoding: "utf-16be", mark: true };
  try {
    const mark = first === 0xef && second === 0xbb && third === 0xbf;
    return { text: as("utf-8", true), encoding: "utf-8", mark };
  } catch {
    return { text: as("windows-1252", false), encoding: "windows-1252", mark: false };
  }
}

/** What a field for text makes of it: all lines end in one way. */
export const forEditing = (text: string): string => text.replace(/\r\n?/g, "\n");

interface Line {
  readonly line: string;
  /** Empty for the last one. */
  readonly end: string;
}

function linesOf(text: string): readonly Line[] {
  const parts = text.split(/(\r\n|\r|\n)/);
  return parts.flatMap((line, index) => (index % 2 ? [] : [{ line, end: parts[index + 1] ?? "" }]));
}

/**
 * The text of the field, with the ends that its lines had before. Lines in front of the first change and behind the last one
 * keep theirs; the others end as most do.
 */
export function withEnds(edited: string, before: string): string {
  const old = linesOf(before);
  const lines = edited.split("\n");
  const common = Math.min(old.length, lines.length);
  let first = 0;
  while (first < common && lines[first] === old[first]?.line) first++;
  let behind = 0;
  while (behind < common - first && lines.at(-1 - behind) === old.at(-1 - behind)?.line) behind++;
  const usual = usualEnd(old);
  const endOf = (index: number) => {
    if (index === lines.length - 1) return "";
    const fromEnd = lines.length - index;
    const same = index < first ? old[index] : fromEnd <= behind ? old.at(-fromEnd) : undefined;
    return same?.end || usual;
  };
  return lines.map((line, index) => line + endOf(index)).join("");
}

function usualEnd(lines: readonly Line[]): string {
  const counts = new Map<string, number>();
  for (const { end } of lines) if (end) counts.set(end, (counts.get(end) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "\n";
}

/** UTF-8, with the mark where there was one. */
export function encode(text: string, mark: boolean): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(mark ? `\ufeff${text}` : text);
}
