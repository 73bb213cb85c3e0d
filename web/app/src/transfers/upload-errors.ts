/** Why an upload fails that the library has no word for. */

import { SftpError, type SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";

/** A name that no server can have, or that would lead elsewhere. */
export class NameError extends Error {
  override name = "NameError";
}

/** The file system at the server has no room for it. */
export class FullError extends Error {
  override name = "FullError";
}

/** SFTP version 3 has no status for a full disk: where the server says no more than that it failed, its free space is looked at. */
export async function explained(
  error: unknown,
  client: RemoteClient,
  folder: SftpPath,
  missing: number,
): Promise<unknown> {
  if (!(error instanceof SftpError) || error.code !== "EIO") return error;
  try {
    const { availableBlocks, fragmentSize } = await client.statvfs(folder, {
      signal: AbortSignal.timeout(5_000),
    });
    const free = Number(availableBlocks) * Number(fragmentSize);
    return free < missing ? new FullError(error.message, { cause: error }) : error;
  } catch {
    return error;
  }
}
