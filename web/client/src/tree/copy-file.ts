/** One file copied on the server: by copy-data where it has that, else through here. */

import type { CoreClient } from "../client/core-client.ts";
import { copyData } from "../client/extensions.ts";
import type { FileHandle } from "../client/file.ts";
import { type Attributes, fileType } from "../codec/attributes.ts";
import type { SftpPath } from "../path.ts";
import { streamOf } from "../stream.ts";
import { closing, isRefused, unless } from "../transfer/atomic.ts";
import { readAhead } from "../transfer/read-ahead.ts";
import { streamSource } from "../transfer/source.ts";
import { TransferError } from "../transfer/transfer.ts";
import { writeAll } from "../transfer/writes.ts";
import { failure } from "./names.ts";
import { quiet } from "./pool.ts";

/** How a file is copied. */
export interface CopyFileOptions {
  readonly signal: AbortSignal;
  readonly copyData?: boolean;
  readonly preserve?: boolean;
  readonly report: Report;
}

/** Told of so many bytes more. */
type Report = (bytes: number) => void;

/** Bytes that one copy-data request is for: a larger one would keep all others waiting, without a word of progress. */
const PIECE = 2 ** 24;

/** To a file that is not there yet. The source is looked at right before it is opened, which would follow a link. */
export async function copyFile(
  client: CoreClient,
  from: SftpPath,
  to: SftpPath,
  { mode = 0 }: Attributes,
  { signal, copyData: mayAsk, preserve, report }: CopyFileOptions,
): Promise<void> {
  const on = { signal };
  const permissions = mode & 0o777;
  const target = await client.open(to, {
    write: true,
    create: true,
    exclusive: true,
    mode: permissions,
    signal,
  });
  const work = async () => {
    const look = quiet(client.lstat(from, on));
    const source = await client.open(from, on);
    try {
      const found = await look;
      const { size = 0, atime, mtime } = found;
      if (fileType(found) !== "file") throw wrong(from, found);
      const copied = mayAsk !== false && size && (await byServer(source, target, size, signal, report));
      if (!copied) await throughHere(source, target, size, signal, report);
      if (preserve) await target.setAttributes({ mode: permissions, atime, mtime } as Attributes, on);
    } finally {
      quiet(source.close());
    }
  };
  await closing(target, work(), signal);
}

/** Whether the server has copied all of it: it cannot between these two file systems, say. */
async function byServer(
  source: FileHandle,
  target: FileHandle,
  size: number,
  signal: AbortSignal,
  report: Report,
): Promise<boolean> {
  let at = 0;
  const pieces = async () => {
    while (at < size) {
      const length = Math.min(PIECE, size - at);
      await copyData(source, target, { offset: at, length, toOffset: at, signal });
      at += length;
      report(length);
    }
    // OpenSSH says yes, too, where the file is shorter by now.
    const { size: copied = size } = await target.stat({ signal });
    return copied >= size;
  };
  const isWhole = await pieces().catch(unless(isRefused, false));
  if (!isWhole) report(-at);
  return isWhole;
}

/** Files of /proc tell no size, and are read to their end. */
async function throughHere(
  source: FileHandle,
  target: FileHandle,
  size: number,
  signal: AbortSignal,
  report: Report,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const chunks = readAhead(async (ahead) => {
    const end = await ahead.fill(source, either, 0, size || Number.POSITIVE_INFINITY);
    if (end < size) throw new TransferError("source", source.path, `ends before byte ${end}`);
  }, either);
  const bytes = streamOf(
    () => chunks.next(),
    () => stop.abort(),
  );
  const control = { signal, paused: false, report() {}, async running() {} };
  let written = 0;
  const acknowledged = (offset: number) => {
    report(offset - written);
    written = offset;
  };
  try {
    await writeAll(target, streamSource(bytes, source.path), 0, control, false, acknowledged);
  } finally {
    stop.abort();
  }
}

export const wrong = (path: SftpPath, attributes: Attributes) =>
  failure("copy", path, `it is of type ${fileType(attributes)}`);
