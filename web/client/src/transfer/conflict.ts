/** What to do where the target of an upload is there already. */

import { aborted } from "../client/wait.ts";
import type { Attributes } from "../codec/attributes.ts";
import type { SftpPath } from "../path.ts";
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

/** "name (2).ext" */
export function numbered(path: SftpPath, number: number): SftpPath {
  if (typeof path === "string") return path.replace(/(?<=[^/])(\.[^./]*)?$/, ` (${number})$1`);
  const bytes = String.fromCharCode(...path);
  return Uint8Array.from(numbered(bytes, number) as string, (char) => char.charCodeAt(0));
}
