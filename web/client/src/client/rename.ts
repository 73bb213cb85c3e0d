/** Renaming over what is there, also where the server cannot do it in one step. */

import { fileType } from "../codec/attributes.ts";
import { posixRename } from "../codec/extensions.ts";
import { SftpError } from "../errors.ts";
import { type SftpPath, shown, sibling } from "../path.ts";
import type { Abortable } from "./ask.ts";
import type { CoreClient } from "./core-client.ts";
import { extended, ifUnsupported } from "./extensions.ts";

/** What it takes of a client: its plain `rename` in particular. */
export type Plain = Pick<CoreClient, "connection" | "rename" | "lstat" | "unlink">;

/**
 * By `posix-rename@openssh.com`, in one step, where the server has it. Elsewhere by a plain RENAME; if that fails, and a file
 * or link is in the way, the old one is moved aside, to a name of its own in its directory, and removed at the end. For that
 * moment there is nothing at `to`. If the new one cannot take its place, the old one is put back; if even that fails, the
 * SftpError says where it is. Directories are never moved aside.
 */
export const renameOver = async (
  client: Plain,
  from: SftpPath,
  to: SftpPath,
  { signal }: Abortable = {},
): Promise<void> =>
  ifUnsupported(extended(client, from, posixRename(from, to), { signal }), async () => {
    try {
      await client.rename(from, to, { signal });
    } catch (error) {
      if (!(error instanceof SftpError && (await isFile(client, from)) && (await isFile(client, to))))
        throw error;
      signal?.throwIfAborted();
      await renameByMoving(client, from, to);
    }
  });

const isFile = (client: Plain, path: SftpPath): Promise<boolean> =>
  client.lstat(path).then(
    (attributes) => fileType(attributes) !== "directory",
    () => false,
  );

/** Takes no signal: an abort in the middle would leave nothing at `to`. */
async function renameByMoving(client: Plain, from: SftpPath, to: SftpPath): Promise<void> {
  const aside = sibling(to, `.replaced-${Math.random().toString(36).slice(2)}`);
  const isGone = (path: SftpPath) =>
    client.lstat(path).then(
      () => false,
      (error) => error.code === "ENOENT",
    );
  try {
    await client.rename(to, aside);
    await client.rename(from, to);
  } catch (error) {
    const isPutBack = client.rename(aside, to).then(
      () => true,
      () => isGone(aside),
    );
    if (await isPutBack) throw error;
    // After a lost connection both may be done all the same.
    if (!(await isGone(from))) {
      const { status = 4, message } = error as SftpError;
      throw new SftpError(status, "rename", shown(to), `${message}; what was there is now ${shown(aside)}`);
    }
  }
  // The new one is in its place: that the old one cannot be removed is no failure.
  await client.unlink(aside).catch(() => {});
}
