/**
 * Where the person is, as the fragment of the page's address: `#/home/me` at the default server, `#archive:/home/me` at
 * another. The server of the page is never told. Bytes that are not UTF-8 are percent-encoded as they are.
 */

import type { NamedEntry, SftpPath } from "sftpbridge-client";

export interface Place {
  /** Nothing for the default one. */
  readonly upstream: string | undefined;
  /** Absolute; nothing for the home directory. */
  readonly path: SftpPath | undefined;
}

export function parsePlace(fragment: string): Place {
  const [, upstream, path] = /^#?(?:([^/]*):)?(\/.*)?$/s.exec(fragment) ?? [];
  return { upstream: upstream && decode(upstream), path: path && decodePath(path) };
}

export function formatPlace({ upstream, path = "" }: Place): string {
  return `#${upstream ? `${encodeURIComponent(upstream)}:` : ""}${encodePath(path)}`;
}

/** What is no percent-encoding stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function decodePath(path: string): SftpPath {
  try {
    return decodeURIComponent(path);
  } catch {
    const bytes = [...new TextEncoder().encode(path)];
    const decoded: number[] = [];
    for (let index = 0; index < bytes.length; index++) {
      const hex = /^%[0-9a-f]{2}/i.exec(String.fromCharCode(...bytes.slice(index, index + 3)))?.[0];
      decoded.push(hex ? Number.parseInt(hex.slice(1), 16) : (bytes[index] ?? 0));
      if (hex) index += 2;
    }
    return new Uint8Array(decoded);
  }
}

function encodePath(path: SftpPath): string {
  if (typeof path === "string") return path.split("/").map(encodeURIComponent).join("/");
  return [...path]
    .map((byte) =>
      /[\w./-]/.test(String.fromCharCode(byte)) && byte < 0x80
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`,
    )
    .join("");
}

const SLASH = 0x2f;
export const bytesOf = (path: SftpPath) => (typeof path === "string" ? new TextEncoder().encode(path) : path);
// A byte order mark is a part of the name.
const textOf = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** As the entries of a listing are named: with their bytes where the text does not lead back to them. */
function toName(bytes: Uint8Array): NamedEntry {
  const name = textOf(bytes);
  return name.includes("\ufffd") ? { name, rawName: bytes } : { name };
}

/** A directory on the way to a path, by its name. */
export interface Ancestor extends NamedEntry {
  readonly path: SftpPath;
}

/** For breadcrumbs: the root first, the path itself last. */
export function ancestors(path: SftpPath): readonly Ancestor[] {
  const bytes = bytesOf(path);
  const found: Ancestor[] = [{ name: "/", path: "/" }];
  for (let start = 1; start < bytes.length; ) {
    const slash = bytes.indexOf(SLASH, start);
    const end = slash < 0 ? bytes.length : slash;
    const part = bytes.slice(0, end);
    if (end > start)
      found.push({
        ...toName(bytes.slice(start, end)),
        path: typeof path === "string" ? textOf(part) : part,
      });
    start = end + 1;
  }
  return found;
}

/** The directory that it is in; the root for the root. */
export const parentOf = (path: SftpPath): SftpPath => ancestors(path).at(-2)?.path ?? "/";

/** The name of what the path is; `/` for the root. */
export const nameOf = (path: SftpPath): NamedEntry => ancestors(path).at(-1) ?? { name: "/" };

/** The entry of a directory that leads on to a path below it; nothing where it is not below. */
export function entryTowards(directory: SftpPath, path: SftpPath): NamedEntry | undefined {
  const way = ancestors(path);
  const above = formatPlace({ upstream: undefined, path: ancestors(directory).at(-1)?.path });
  const at = way.findIndex((it) => formatPlace({ upstream: undefined, path: it.path }) === above);
  return at < 0 ? undefined : way[at + 1];
}
