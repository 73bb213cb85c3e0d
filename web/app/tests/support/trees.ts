/** Folders to upload, and what has become of them. */

import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder of this machine, gone at the end. */
export class Tree implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "sftpbridge-tree-"));

  /** Makes a file with the directories above it, changed at a round second; returns its path. */
  file(name: string, content: string | Uint8Array, seconds = 1_600_000_000): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    utimesSync(path, seconds, seconds);
    return path;
  }

  directory(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** Each path below with its hash and the time of its change; directories with a slash. In the order of bytes. */
export function contentsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(folder.length + 1);
      return entry.isDirectory()
        ? `${name}/`
        : `${name} ${hashOf(path)} ${Math.floor(statSync(path).mtimeMs / 1000)}`;
    })
    .sort();
}

export const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
