/** Where the bytes of an upload come from: a Blob, which can be read again, or a stream, of which the rest is kept. */

import type { Bytes } from "../bytes.ts";
import { aborted } from "../client/wait.ts";
import type { SftpPath } from "../path.ts";
import { TransferError } from "./transfer.ts";

export interface Source {
  /** Nothing for a stream that has not ended. */
  readonly size: number | undefined;
  /** Milliseconds since 1970, where it is known. */
  readonly modified?: number | undefined;
  /** At most `length` bytes from `offset` on; none at the end. What was taken may be taken again until it is released. */
  take(offset: number, length: number): Promise<Blob | Bytes>;
  /** What lies before `offset` will not be asked for again. */
  release?(offset: number): void;
  /** Rejects where it cannot be read any more. */
  check?(signal: AbortSignal): Promise<void>;
  cancel?(reason: unknown): void;
}

const unreadable = (path: SftpPath, cause?: unknown) =>
  new TransferError("source", path, "is not uploaded: its source cannot be read any more", { cause });

export const blobSource = (blob: Blob, path: SftpPath): Source => ({
  size: blob.size,
  modified: (blob as Partial<File>).lastModified,
  async take(offset, length) {
    const data = blob.slice(offset, offset + length);
    if (data.size !== Math.min(length, blob.size - offset)) throw unreadable(path);
    return data;
  },
  // A file that has changed, or become shorter: the browser only says that the connection is lost when it is to send it.
  check: (signal) =>
    aborted(blob.slice(-1).arrayBuffer(), signal).then(
      () => {},
      (cause) => {
        signal.throwIfAborted();
        throw unreadable(path, cause);
      },
    ),
});

export function streamSource(stream: ReadableStream<Uint8Array>, path: SftpPath): Source {
  const reader = stream.getReader();
  /** Taken and not released: without gaps, up to `end`. By offset. */
  const kept = new Map<number, Bytes>();
  let end = 0;
  /** Read, and not taken yet. */
  let rest = new Uint8Array();
  let ended = false;
  let filling: Promise<void> | undefined;

  async function read(): Promise<void> {
    const { done, value } = await reader.read();
    ended = done;
    if (done) return;
    if (!(value instanceof Uint8Array)) throw new TypeError("a stream whose parts are no bytes");
    rest = value as Bytes;
  }

  /** Copies, since a stream may use its memory again. */
  async function fill(length: number): Promise<void> {
    const data = new Uint8Array(length);
    let filled = 0;
    while (filled < length && !ended) {
      const part = rest.subarray(0, length - filled);
      data.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
      if (filled < length) await read();
    }
    if (filled) kept.set(end, data.subarray(0, filled));
    end += filled;
    if (ended) source.size = end;
  }

  const source: Source & { size: number | undefined } = {
    size: undefined,
    async take(offset, length) {
      // An earlier try that was broken off may still be reading.
      await filling;
      if (offset === end) {
        filling = fill(length);
        await filling;
      }
      for (const [start, data] of kept)
        if (start <= offset && offset < start + data.length)
          return data.subarray(offset - start, offset - start + length);
      if (offset !== end) throw unreadable(path);
      return rest;
    },
    release(offset) {
      for (const [start, data] of kept) if (start + data.length <= offset) kept.delete(start);
    },
    cancel: (reason) => void reader.cancel(reason).catch(() => {}),
  };
  return source;
}
