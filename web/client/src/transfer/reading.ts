/** The bytes of a file in order, from one session to the next. Downloads and readable streams are made of it. */

import type { CoreClient } from "../client/core-client.ts";
import type { FileHandle } from "../client/file.ts";
import { type Attributes, fileType } from "../codec/attributes.ts";
import type { SftpPath } from "../path.ts";
import { onEachSession, type RetryOptions } from "./attempts.ts";
import { readAhead } from "./read-ahead.ts";
import { type TransferControl, TransferError } from "./transfer.ts";

/** Which bytes: all without it. */
export interface ByteRange {
  /** The first byte; 0 without it. A RangeError where the file is shorter. */
  readonly start?: number | undefined;
  /** Behind the last byte; the end of the file where it is shorter, or without it. */
  readonly end?: number | undefined;
}

export interface ReadingOptions extends ByteRange {
  readonly retry?: RetryOptions | undefined;
  /** Whether the file has to be the same at the end, too: else what is there at the end of the reading may be newer. */
  readonly verify?: boolean | undefined;
  /** Told once what the file is, before anything is read. May move the start. */
  readonly begin?: (file: FileHandle, attributes: Attributes, signal: AbortSignal) => Promise<number>;
}

/**
 * What the file is at the start is read: it has to have the same size and mtime on each session, what it grows by is left
 * out, and a TransferError `source` tells that it has become shorter. Where the server tells no size, or 0 as Linux does of /proc,
 * it is read until EOF. What has arrived is never asked for again.
 */
export function reading(
  client: CoreClient,
  path: SftpPath,
  { start = 0, end = Number.POSITIVE_INFINITY, begin, retry, verify }: ReadingOptions,
  control: TransferControl,
): AsyncGenerator<Uint8Array, void> {
  let first: Attributes | undefined;
  return readAhead(async (ahead, signal) => {
    if (!(start >= 0 && start <= end)) throw new RangeError(`no bytes from ${start} to ${end}`);
    const changed = (how: string) => new TransferError("source", path, `has changed meanwhile: ${how}`);
    const look = async (file: FileHandle) => {
      const now = await file.stat({ signal });
      if (first && (first.size !== now.size || first.mtime !== now.mtime)) throw changed("it was written to");
      return now;
    };
    const prepare = async (file: FileHandle, found: Attributes, size: number) => {
      // OpenSSH opens directories as files, and fails at the first READ without saying why.
      if (fileType(found) === "directory") throw new TransferError("not-a-file", path, "is a directory");
      if (start > size) throw new RangeError(`no bytes from ${start} to ${size}`);
      if (begin) start = await begin(file, found, signal);
      end = Math.max(start, Math.min(end, size));
      first = found;
    };
    const attempt = async () => {
      const file = await client.open(path, { signal });
      try {
        const found = await look(file);
        const size = found.size || Number.POSITIVE_INFINITY;
        if (!first) await prepare(file, found, size);
        const over = await ahead.fill(file, signal, start, end, control);
        if (found.size && over < end) throw changed(`it ends before byte ${over}`);
        if (verify) await look(file);
      } finally {
        file.close().catch(() => {});
      }
    };
    await onEachSession(client.connection, { ...control, signal }, () => ahead.arrived, attempt, retry);
  }, control.signal);
}
