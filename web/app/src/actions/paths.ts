/** What paths say of each other, whether they are text or bytes. */

import type { SftpPath } from "sftpbridge-client";
import { bytesOf } from "../files/place.ts";
import { visible } from "../text/name.ts";

/** One character for each byte, without slashes at the end: the same for the same path. */
const normal = (path: SftpPath) =>
  Array.from(bytesOf(path), (byte) => String.fromCharCode(byte))
    .join("")
    .replace(/\/+$/, "");

export const isSamePath = (one: SftpPath, other: SftpPath): boolean => normal(one) === normal(other);

/** Whether it is this directory itself, or below it. */
export const isWithin = (path: SftpPath, directory: SftpPath): boolean =>
  `${normal(path)}/`.startsWith(`${normal(directory)}/`);

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(path: SftpPath): string | undefined {
  try {
    return typeof path === "string" ? path : UTF8.decode(path);
  } catch {
    return undefined;
  }
}

/**
 * For the clipboard. What is pasted into a terminal must not be a command by a line break in a name, nor look like something
 * else: such a path, and one that is no UTF-8, is quoted as shells and `ls` do it, by `$'…'`, which has all of its bytes.
 */
export function pasteable(path: SftpPath): string {
  const text = textOf(path);
  if (text !== undefined && visible(text) === text) return text;
  const characters =
    text === undefined ? Array.from(bytesOf(path), (byte) => Uint8Array.of(byte)) : [...text];
  return `$'${characters.map(quoted).join("")}'`;
}

function quoted(character: string | Uint8Array): string {
  const bytes = [...bytesOf(character)];
  const text = String.fromCharCode(...bytes);
  if (bytes.length === 1 && /[ -~]/.test(text)) return text.replace(/['\\]/, "\\$&");
  if (typeof character === "string" && visible(character) === character) return character;
  // In octal, since a hexadecimal number would go on with the letters behind it in some shells.
  return bytes.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
