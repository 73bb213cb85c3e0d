/** Files of the server as streams of the web. */

import type { Bytes } from "../bytes.ts";
import type { Abortable } from "../client/ask.ts";
import type { CoreClient, OpenOptions } from "../client/core-client.ts";
import type { FileHandle } from "../client/file.ts";
import { aborted } from "../client/wait.ts";
import type { SftpPath } from "../path.ts";
import { windowOf } from "../window/shared.ts";
import { type ByteRange, reading } from "./reading.ts";

/**
 * Pull-based: nothing is asked for before the first read, and then no more ahead than the session's window and 1 MiB.
 * Survives lost connections as downloads do. A byte stream where the platform has them. Whoever stops reading cancels it:
 * that closes the file.
 */
export function readable(
  client: CoreClient,
  path: SftpPath,
  { signal, ...range }: ByteRange & Abortable = {},
): ReadableStream<Bytes> {
  const stop = new AbortController();
  const chunks = reading(client, path, range, {
    signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    paused: false,
    report() {},
    async running() {},
  });
  const source = {
    async pull(controller: ReadableByteStreamController | ReadableStreamDefaultController) {
      const { value } = await chunks.next();
      if (value) return controller.enqueue(value as Bytes);
      controller.close();
      if ("byobRequest" in controller) controller.byobRequest?.respond(0);
    },
    cancel: (reason: unknown) => stop.abort(reason),
  };
  try {
    return new ReadableStream({ ...source, type: "bytes" });
  } catch {
    return new ReadableStream(source, { highWaterMark: 0 }) as ReadableStream;
  }
}

/** How to open the file, and where to write. `create` and `truncate` are true without it, but for `start` and `append`. */
export interface WritableOptions extends Omit<OpenOptions, "write"> {
  /** The offset of the first byte; 0 without it. Counts for nothing with `append`. */
  readonly start?: number | undefined;
}

/** WRITEs that may be unanswered, however small they are. */
const MOST = 256;

/**
 * A write resolves when its bytes are under way, within the session's window; `close` when the server has acknowledged all
 * and closed the file. Does not survive a lost connection: what of it was written is not known, and the chunks are gone.
 * It is then errored with a ConnectionError. Aborting leaves what was written so far. With `append` one WRITE is under way at a
 * time, since servers may exchange them.
 */
export function writable(
  client: CoreClient,
  path: SftpPath,
  { start = 0, signal, ...flags }: WritableOptions = {},
): WritableStream<Uint8Array> {
  const writes = new Set<Promise<void>>();
  const most = flags.append ? 1 : MOST;
  /** Whatever goes wrong ends here, once: the server may give another file the same handle. */
  const failed = new AbortController();
  let either: AbortSignal;
  let stop: () => void;
  let file: FileHandle;
  let at = start;
  const write = async (chunk: Uint8Array) => {
    for (let from = 0; from < chunk.length; ) {
      const window = windowOf(file.session, "write");
      const part = chunk.subarray(from, from + window.requestSize(file.session.limits.write)) as Bytes;
      while (writes.size >= most) await aborted(Promise.race(writes), either);
      const permit = await window.reserve(part.length, either);
      if (either.aborted) permit.dropped();
      either.throwIfAborted();
      permit.sent();
      const written = file.write(at, part).then(
        () => {
          permit.delivered(part.length);
          writes.delete(written);
        },
        (error) => {
          permit.dropped();
          failed.abort(error);
        },
      );
      writes.add(written);
      at += part.length;
      from += part.length;
    }
  };
  return new WritableStream<Uint8Array>({
    async start(controller) {
      either = AbortSignal.any([failed.signal, controller.signal, ...(signal ? [signal] : [])]);
      const truncate = !start && !flags.append;
      file = await client.open(path, { create: true, truncate, ...flags, write: true, signal: either });
      stop = () => {
        // It errors by itself when it is aborted, and Node breaks where it is told so meanwhile.
        if (!controller.signal.aborted) controller.error(either.reason);
        file.close().catch(() => {});
      };
      if (either.aborted) stop();
      either.addEventListener("abort", stop);
    },
    write: (chunk) =>
      write(chunk).catch((error) => {
        failed.abort(error);
        throw error;
      }),
    async close() {
      await aborted(Promise.all(writes), either);
      either.removeEventListener("abort", stop);
      await file.close({ signal: either });
    },
  });
}
