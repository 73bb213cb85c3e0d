/**
 * What servers can do beyond version 3. Where the server has not announced it, nothing is sent: an SftpError `ENOTSUP`.
 */

import * as codec from "../codec/extensions.ts";
import { Status, Type } from "../codec/numbers.ts";
import { ConnectionError, SftpError } from "../errors.ts";
import { type SftpPath, shown } from "../path.ts";
import type { Asked } from "../session/session.ts";
import type { Abortable } from "./ask.ts";
import type { CoreClient } from "./core-client.ts";
import { FileHandle } from "./file.ts";

type Connected = Pick<CoreClient, "connection">;

/** On the file's own session, or on the one that is ready; there a request that only reads is tried a second time. */
export async function extended<T>(
  client: Connected | undefined,
  at: SftpPath | FileHandle,
  request: codec.Extended<T>,
  options?: Pick<Asked, "signal" | "patience">,
): Promise<T> {
  const { feature: operation, expected, decode } = request;
  const path = at instanceof FileHandle ? at.path : at;
  const asked = { ...options, operation, path, repeatable: expected !== Type.STATUS };
  const on = at instanceof FileHandle ? at.session : (client as Connected).connection;
  return on.run(asked, async (session) => {
    if (!codec.announces(session.extensions, operation)) {
      const message = `the server has no version ${codec.versionOf(operation)} of it`;
      throw new SftpError(Status.OP_UNSUPPORTED, operation, shown(path), message);
    }
    const body = await session.request(request, expected, asked);
    return decode?.(body) as T;
  });
}

/** What another way gives, where the server lacks this one. */
export const ifUnsupported = <T>(first: Promise<T>, other: () => Promise<T>): Promise<T> =>
  first.catch((error) => {
    if (error instanceof SftpError && error.status === Status.OP_UNSUPPORTED) return other();
    throw error;
  });

/** Milliseconds until a server has gone through so many bytes at 1 MB/s, of which it says no word meanwhile: an hour at most. */
const patienceFor = (bytes = Number.POSITIVE_INFINITY) => Math.min(bytes / 1000, 3_600_000);

/** Resolves when what was written to the file is on the server's disk, for which it has ten minutes. */
export const fsync = (file: FileHandle, { signal }: Abortable = {}): Promise<void> =>
  extended(undefined, file, codec.fsync(file), { signal, patience: 600_000 });

/**
 * Of a user, or of the one who is logged in without a name. By `expand-path@openssh.com` or, where the server lacks that, by
 * `home-directory`, which OpenSSH before 9.8 answers with one's own home whoever was asked for; without a name at last by where
 * the session starts, which administrators can make another directory than home.
 */
export async function homeDirectory(client: CoreClient, user = "", options?: Abortable): Promise<SftpPath> {
  const ask = (request: codec.Extended<SftpPath>) => extended(client, user, request, options);
  return ifUnsupported(ask(codec.expandPath(`~${user}`)), () => ask(codec.homeDirectory(user))).catch(
    (error) => {
      if (user || !(error instanceof SftpError)) throw error;
      return client.realpath(".", options);
    },
  );
}

/** What to copy. */
export interface CopyRange extends Abortable {
  /** In the file that is read; from its start without it. */
  readonly offset?: number;
  /** Bytes; up to the end of the file without it. */
  readonly length?: number;
  /** In the file that is written; its start without it. */
  readonly toOffset?: number;
}

/**
 * Copies on the server. Its other requests wait meanwhile: pieces of 16 to 32 MiB keep it answering. Where the file ends before
 * `length` bytes, it is copied up to there, and that may be `EOF` or success: OpenSSH says so only where it ends
 * 128 KiB before, or more. So look at the sizes. Fails where both are the same file.
 */
export async function copyData(
  from: FileHandle,
  to: FileHandle,
  { offset = 0, length, toOffset = 0, signal }: CopyRange = {},
): Promise<void> {
  // On another session the same handle may be any file.
  if (from.session !== to.session) throw new ConnectionError("the files were opened on two sessions");
  // No bytes are "up to the end" on the wire.
  if (length !== 0)
    await extended(undefined, to, codec.copyData(from, offset, length ?? 0, to, toOffset), {
      signal,
      patience: patienceFor(length),
    });
}

/** Hashes of a file, as the server finds them. */
export async function checkFile(
  client: Connected | undefined,
  at: SftpPath | FileHandle,
  range: codec.HashedRange & Abortable,
): Promise<codec.FileHashes> {
  const { signal, length } = range;
  return extended(client, at, codec.checkFile(at, range), { signal, patience: patienceFor(length) });
}
