/** Removing of whole trees. Links are removed, and what they lead to stays. */

import type { Abortable } from "../client/ask.ts";
import type { CoreClient } from "../client/core-client.ts";
import { fileType } from "../codec/attributes.ts";
import { SftpError } from "../errors.ts";
import type { SftpPath } from "../path.ts";
import { isMissing } from "../transfer/atomic.ts";
import { named } from "./names.ts";
import { inPool, type Pool, TreeError } from "./pool.ts";
import { type Step, walk } from "./walk.ts";

/** How far it is. */
export interface RemoveProgress {
  readonly removed: number;
  readonly failed: number;
}

/** How to remove. */
export interface RemoveOptions extends Abortable {
  /** Removes what is in a directory, too. */
  readonly recursive?: boolean;
  /** Called after each thing. */
  readonly onProgress?: (progress: RemoveProgress) => void;
}

/** REMOVEs under way at most. */
const WIDTH = 32;
/** A directory may be filled while it is emptied, and some servers leave entries out when they are removed meanwhile. */
const ROUNDS = 3;

/**
 * Removes a file, a link, or a directory. What vanished meanwhile is fine; what cannot be removed does not stop the rest
 * and is told by a TreeError at the end. Refused for `/`, an empty path, and paths that end in `.` or `..`.
 *
 * Somebody who may write in the tree can replace a directory by a link while it is emptied. Each directory is looked at
 * right before it is read, but paths are all that SFTP version 3 has: what such a link leads to is not safe in the
 * moment between that and the REMOVEs. Do not remove others' trees with more rights than they have.
 */
export async function remove(
  client: CoreClient,
  path: SftpPath,
  { recursive, signal, onProgress }: RemoveOptions = {},
): Promise<void> {
  const top = named("remove", path);
  const directory = fileType(await client.lstat(top, { signal })) === "directory";
  if (!directory) return client.unlink(top, { signal });
  if (!recursive) return client.rmdir(top, { signal });

  let removed = 0;
  const report = (failed: number) => onProgress?.({ removed, failed });
  const round = async ({ add, idle }: Pool) => {
    /** Why a directory will turn out not to be empty. */
    const reasons = new Map<SftpPath, Error>();
    const onError = (error: Error, { path }: Step) => reasons.set(path, error);
    /** By their depth. */
    const directories: SftpPath[][] = [[top]];
    const one = (how: "unlink" | "rmdir", path: SftpPath) =>
      add(path, async () => {
        try {
          await client[how](path, { signal });
          removed++;
        } catch (error) {
          if (!isMissing(error)) throw (error instanceof SftpError && reasons.get(path)) || error;
        }
      });
    for await (const { path, depth, entry } of walk(client, top, { signal, strict: true, onError })) {
      directories[depth] ??= [];
      if (entry.type === "directory") directories[depth].push(path);
      else await one("unlink", path);
    }
    // The lowest first, and those of one depth side by side.
    for (const paths of directories.reverse()) {
      await idle();
      for (const path of paths) await one("rmdir", path);
    }
  };
  for (let rounds = 1; ; rounds++) {
    const before = removed;
    try {
      return await inPool({ limit: WIDTH, signal, report }, round);
    } catch (error) {
      const idle = rounds > 1 && removed === before;
      if (!(error instanceof TreeError) || idle || rounds === ROUNDS) throw error;
    }
  }
}
