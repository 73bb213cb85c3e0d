/** Paths and names. A server's name may be any bytes; one that is not UTF-8 keeps them. */

import { bytesOf, concat, text, utf8 } from "./bytes.ts";

/** A path or name: text, or the bytes themselves where they are not UTF-8. */
export type SftpPath = string | Uint8Array;

/** A name with its bytes, where the text alone would not lead back to them. */
export interface NamedEntry {
  readonly name: string;
  readonly rawName?: Uint8Array;
}

/** For messages and progress: never for requests. */
export const shown = (path: SftpPath): string => (typeof path === "string" ? path : text(path));

/** A path as a server sent it: the bytes where the text may not lead back to them, as it has U+FFFD. */
export function toPath(bytes: Uint8Array): SftpPath {
  const path = text(bytes);
  return path.includes("\ufffd") ? bytes.slice() : path;
}

/** The path of an entry in a directory. */
export function join(directory: SftpPath, entry: NamedEntry | string): SftpPath {
  const name = typeof entry === "string" ? entry : (entry.rawName ?? entry.name);
  const slash = /[^/]$/.test(shown(directory)) ? "/" : "";
  return typeof directory === "string" && typeof name === "string"
    ? directory + slash + name
    : concat(bytesOf(directory), utf8(slash), bytesOf(name));
}

/** The path of another name in the same directory. */
export const sibling = (path: SftpPath, name: string): SftpPath =>
  typeof path === "string"
    ? path.slice(0, path.lastIndexOf("/") + 1) + name
    : concat(path.slice(0, path.lastIndexOf(0x2f) + 1), utf8(name));
