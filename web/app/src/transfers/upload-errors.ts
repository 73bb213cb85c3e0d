/** Why an upload fails that the library has no word for. */

import { SftpError, type SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { ExplainedError } from "../text/explain.ts";
import { words } from "./words.ts";

/** A name that no server can have, or that would lead elsewhere. */
export class NameError extends Error {
  override name = "NameError";
}

/**
 * SFTP version 3 has no status for a full disk: where the server says no more than that it failed, its free space is looked at.
 * `wanted`: all that was to be written at that time, since whoever fails gives back what it has taken.
 */
export async function explained(
  error: unknown,
  client: Pick<RemoteClient, "statvfs">,
  folder: SftpPath,
  wanted: number,
): Promise<unknown> {
  if (!(error instanceof SftpError) || error.code !== "EIO") return error;
  try {
    const { availableBlocks, fragmentSize } = await client.statvfs(folder, {
      signal: AbortSignal.timeout(5_000),
    });
    const free = Number(availableBlocks) * Number(fragmentSize);
    return free < wanted ? new ExplainedError(error.message, () => words().full) : error;
  } catch {
    return error;
  }
}
