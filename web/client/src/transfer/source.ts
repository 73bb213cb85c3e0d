/** Where the bytes of an upload come from: a Blob, which can be read again, or a stream, of which the rest is kept. */

import { type Bytes, concat } from "../bytes.ts";
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
  /** Read and not released: without gaps, from `start` to `end`. */
  const parts: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  let ended = false;
  let reading = Promise.resolve();

  async function read(to: number): Promise<void> {
    while (end < to && !ended) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) source.size = end;
      else if (!(value instanceof Uint8Array)) throw new TypeError("a stream of no bytes");
      else {
        // A stream may use its memory again.
        parts.push(value.slice());
        end += value.length;
      }
    }
  }

  const source: Source & { size: number | undefined } = {
    size: undefined,
    async take(offset, length) {
      // After an earlier try, which may have been broken off while it reads.
      reading = reading.then(() => read(offset + length));
      await reading;
      if (offset < start) throw unreadable(path);
      let from = offset - start;
      const taken: Uint8Array[] = [];
      for (const part of parts) {
        if (from < part.length && from + length > 0)
          taken.push(part.subarray(Math.max(from, 0), from + length));
        from -= part.length;
      }
      return concat(...taken);
    },
    release(offset) {
      for (let first = parts[0]; first && start + first.length <= offset; first = parts[0]) {
        start += first.length;
        parts.shift();
      }
    },
    cancel: (reason) => void reader.cancel(reason).catch(() => {}),
  };
  return source;
}
