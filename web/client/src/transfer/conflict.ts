/** What to do where the target of an upload is there already. */

import { concat, utf8 } from "../bytes.ts";
import { aborted } from "../client/wait.ts";
import type { Attributes } from "../codec/attributes.ts";
import { type SftpPath, toPath } from "../path.ts";
import { isFile } from "./atomic.ts";
import { TransferError } from "./transfer.ts";

/**
 * `error`: the upload is rejected. `overwrite`: the target is replaced. `skip`: it is left as it is. `rename`: the upload goes to
 * the first free name of the kind "name (2).ext". `resume`: a target that is the beginning of the source is completed; any other
 * is replaced. `newer`: it is replaced where the source was changed later, by seconds, or does not tell; else left.
 */
export type ConflictPolicy = "error" | "overwrite" | "skip" | "rename" | "resume" | "newer";

/** What is in the way of what. */
export interface Conflict {
  readonly path: SftpPath;
  readonly source: {
    /** Nothing for a stream. */
    readonly size: number | undefined;
    /** Milliseconds since 1970. */
    readonly modified: number | undefined;
  };
  /** Of what a symbolic link leads to. */
  readonly target: Attributes;
}

/** A policy, or another path, where there may be a conflict again. */
export type ConflictDecision = ConflictPolicy | { readonly path: SftpPath };

/** A policy, or a function that is asked for each conflict. */
export type OnConflict =
  | ConflictPolicy
  | ((conflict: Conflict) => ConflictDecision | Promise<ConflictDecision>);

/** A decision that can be carried out. Rejects with a TransferError `exists` or `not-a-file`. */
export async function decide(
  on: OnConflict,
  conflict: Conflict,
  signal: AbortSignal,
): Promise<"overwrite" | "resume" | "skip" | "rename" | { readonly path: SftpPath }> {
  let decision = typeof on === "function" ? await aborted(Promise.resolve(on(conflict)), signal) : on;
  const {
    path,
    source: { modified },
    target,
  } = conflict;
  if (decision === "newer")
    decision =
      modified === undefined || Math.floor(modified / 1000) > (target.mtime ?? 0) ? "overwrite" : "skip";
  if (decision === "overwrite" || decision === "resume") {
    if (!isFile(target)) throw new TransferError("not-a-file", path, "is no regular file");
  } else if (!decision || decision === "error") throw new TransferError("exists", path, "exists");
  return decision;
}

/** What most file systems take. */
const NAME_BYTES = 255;

/** The path with `before` and `mark` about as much of its name as there is room for; an extension stays at the end. */
export function beside(path: SftpPath, before: string, mark: string, extension?: boolean): SftpPath {
  const bytes = typeof path === "string" ? utf8(path) : path;
  const start = bytes.lastIndexOf(0x2f) + 1;
  const name = bytes.subarray(start);
  const dot = extension ? name.lastIndexOf(0x2e) : 0;
  const stem = dot > 0 ? dot : name.length;
  const after = concat(utf8(mark), name.subarray(stem));
  let length = Math.min(stem, Math.max(0, NAME_BYTES - before.length - after.length));
  // Not within a character.
  while (length > 0 && ((name[length] ?? 0) & 0xc0) === 0x80) length--;
  return toPath(concat(bytes.subarray(0, start), utf8(before), name.subarray(0, length), after));
}

/** "name (2).ext" */
export const numbered = (path: SftpPath, number: number): SftpPath => beside(path, "", ` (${number})`, true);
