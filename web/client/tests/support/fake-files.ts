/** Files, directories and links in memory: what the in-memory server serves. Paths are absolute and normal. */

import { concat, utf8 } from "../../src/bytes.ts";
import type { Attributes } from "../../src/codec/attributes.ts";
import { type SftpPath, toPath } from "../../src/path.ts";

export const KIND = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;

/** One file, directory or link. Hard links share it. */
export interface FakeFile {
  kind: keyof typeof KIND;
  /** Of a file: at least `size` bytes long. Of a link: where it leads to. */
  data: Uint8Array;
  size: number;
  mode: number;
  uid: number;
  gid: number;
  atime: number;
  mtime: number;
}

/**
 * Bytes that are not UTF-8 become lone surrogates, U+DC80 to U+DCFF, name by name, so that a path is a key and leads back to
 * its bytes.
 */
export function toKey(path: SftpPath): string {
  if (typeof path === "string") return path;
  const names: string[] = [];
  let start = 0;
  for (let at = 0; at <= path.length; at++) {
    if (at < path.length && path[at] !== 0x2f) continue;
    const name = toPath(path.subarray(start, at));
    names.push(
      typeof name === "string"
        ? name
        : String.fromCharCode(...Array.from(name, (byte) => (byte < 128 ? byte : 0xdc00 + byte))),
    );
    start = at + 1;
  }
  return names.join("/");
}

/** The way back. A lone surrogate tells such names from others. */
export function fromKey(key: string): SftpPath {
  const isRaw = (name: string) => /\p{Cs}/u.test(name);
  if (!isRaw(key)) return key;
  const bytes = (name: string) =>
    isRaw(name) ? Uint8Array.from(name, (char) => char.charCodeAt(0) & 255) : utf8(name);
  return concat(
    ...key.split("/").flatMap((name, index) => (index ? [utf8("/"), bytes(name)] : [bytes(name)])),
  );
}

export const parentOf = (key: string): string => key.slice(0, key.lastIndexOf("/")) || "/";
export const nameOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1);

export class FakeFiles {
  /** By path: change it as a test needs. */
  readonly files = new Map<string, FakeFile>();

  constructor() {
    this.make("/", "directory");
  }

  make(path: string, kind: FakeFile["kind"], data: Uint8Array = new Uint8Array(0), mode?: number): FakeFile {
    const now = Math.floor(Date.now() / 1000);
    const usual = { file: 0o644, directory: 0o755, symlink: 0o777 }[kind];
    const file = { kind, data, size: data.length, mode: (mode ?? usual) & 0o7777 };
    const made: FakeFile = { ...file, uid: 1000, gid: 1000, atime: now, mtime: now };
    this.files.set(path, made);
    return made;
  }

  /** Makes a file, and its directories. */
  put(path: string, content: string | Uint8Array, attributes: Partial<FakeFile> = {}): FakeFile {
    this.folder(parentOf(path));
    const data = typeof content === "string" ? utf8(content) : content;
    return Object.assign(this.make(path, "file", data), attributes);
  }

  /** Makes a directory, and those above. */
  folder(path: string): FakeFile {
    if (path !== "/") this.folder(parentOf(path));
    return this.files.get(path) ?? this.make(path, "directory");
  }

  link(path: string, target: string): FakeFile {
    this.folder(parentOf(path));
    return this.make(path, "symlink", utf8(target));
  }

  content(path: string): Uint8Array {
    const file = this.files.get(path);
    if (!file) throw new Error(`there is no ${path}`);
    return file.data.subarray(0, file.size);
  }

  text(path: string): string {
    return new TextDecoder().decode(this.content(path));
  }

  /** Without `.`, `..` and doubled slashes; from the root on. */
  normal(path: SftpPath): string {
    const names: string[] = [];
    for (const name of toKey(path).split("/")) {
      if (name === "..") names.pop();
      else if (name && name !== ".") names.push(name);
    }
    return `/${names.join("/")}`;
  }

  /** Where a path leads when links are followed, the last one too unless `last` is false. Nothing after 40 links. */
  resolve(path: SftpPath, last = true, links = 40): string | undefined {
    const names = this.normal(path).split("/").slice(1).filter(Boolean);
    let at = "/";
    for (const [index, name] of names.entries()) {
      const next = at === "/" ? `/${name}` : `${at}/${name}`;
      const file = this.files.get(next);
      if (file?.kind === "symlink" && (last || index < names.length - 1)) {
        const target = toKey(file.data);
        const rest = names.slice(index + 1).map((it) => `/${it}`);
        const whole = (target.startsWith("/") ? target : `${at}/${target}`) + rest.join("");
        return links > 0 ? this.resolve(whole, last, links - 1) : undefined;
      }
      at = next;
    }
    return at;
  }

  /** Names in a directory, in the order in which they were made. */
  names(directory: string): string[] {
    const front = directory === "/" ? "/" : `${directory}/`;
    const found: string[] = [];
    for (const path of this.files.keys())
      if (path.length > front.length && path.startsWith(front) && !path.includes("/", front.length))
        found.push(path.slice(front.length));
    return found;
  }

  /** With everything below. */
  move(from: string, to: string): void {
    for (const [path, file] of [...this.files]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.files.delete(path);
      this.files.set(to + path.slice(from.length), file);
    }
  }

  write(file: FakeFile, offset: number, data: Uint8Array): void {
    this.truncate(file, Math.max(file.size, offset + data.length));
    file.data.set(data, offset);
    file.mtime = Math.floor(Date.now() / 1000);
  }

  truncate(file: FakeFile, size: number): void {
    if (size > file.data.length) {
      const data = new Uint8Array(Math.max(size, Math.min(file.data.length * 2, file.data.length + 2 ** 24)));
      data.set(file.data.subarray(0, file.size));
      file.data = data;
    } else if (size < file.size) file.data.fill(0, size, file.size);
    file.size = size;
  }

  set(file: FakeFile, { size, mode, uid, gid, atime, mtime }: Attributes): void {
    if (size !== undefined) this.truncate(file, size);
    if (mode !== undefined) file.mode = mode & 0o7777;
    if (uid !== undefined && gid !== undefined) Object.assign(file, { uid, gid });
    if (atime !== undefined && mtime !== undefined) Object.assign(file, { atime, mtime });
  }
}

export function attributesOf({ kind, size, mode, uid, gid, atime, mtime }: FakeFile): Attributes {
  return { size, uid, gid, mode: KIND[kind] | mode, atime, mtime };
}
