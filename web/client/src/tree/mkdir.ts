/** Directories with those above them. */

import type { Abortable } from "../client/ask.ts";
import type { CoreClient } from "../client/core-client.ts";
import { fileType } from "../codec/attributes.ts";
import type { SftpPath } from "../path.ts";
import { isMissing, isRefused, unless } from "../transfer/atomic.ts";
import { failure, split, trimmed } from "./names.ts";

/** How to make a directory. */
export interface MkdirOptions extends Abortable {
  /** Permissions of what is made; the server takes its umask off. */
  readonly mode?: number;
  /** Makes the directories above, too, and takes those that are there. */
  readonly recursive?: boolean;
}

/** Makes what is missing. Others may make the same meanwhile. */
export async function makeDirectories(
  client: CoreClient,
  path: SftpPath,
  options: MkdirOptions = {},
): Promise<void> {
  const directory = trimmed(path);
  if (!directory.length) return;
  const make = () => makeDirectory(client, directory, options, "stat");
  await make().catch(async (error) => {
    const above = trimmed(split(directory)[0]);
    if (!isMissing(error) || !above.length) throw error;
    await makeDirectories(client, above, options);
    await make();
  });
}

/**
 * Makes a directory, or takes the one that is there: version 3 has no status for that. `how` decides whether a link to one
 * is as good.
 */
export async function makeDirectory(
  client: CoreClient,
  path: SftpPath,
  options: MkdirOptions,
  how: "stat" | "lstat",
): Promise<void> {
  const plain = { ...options, recursive: false };
  try {
    await client.mkdir(path, plain);
  } catch (error) {
    if (isMissing(error)) throw error;
    const found = await client[how](path, options).catch(unless(isRefused));
    if (!found) throw error;
    if (found.mode !== undefined && fileType(found) !== "directory")
      throw failure("mkdir", path, "a file is in the way");
  }
}
