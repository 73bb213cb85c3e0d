/** Files of the server as streams of the web. */

import type { Bytes } from "../bytes.ts";
import type { Abortable } from "../client/ask.ts";
import type { CoreClient } from "../client/core-client.ts";
import type { SftpPath } from "../path.ts";
import type { UploadOptions } from "./options.ts";
import { type ByteRange, reading } from "./reading.ts";
import { upload } from "./upload.ts";

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

/** How to write: what is there is replaced, in place, unless it is told otherwise. */
export type WritableOptions = Pick<UploadOptions, "signal" | "conflict" | "atomic" | "mode" | "fsync">;

/**
 * An upload of what is written: it goes on after a lost connection, for which what is not acknowledged is kept. A write resolves
 * when its bytes are taken, of which requests are made that are as large as an upload's; `close` when the server has acknowledged
 * all and closed the file. Aborting leaves what was written so far.
 */
export function writable(
  client: CoreClient,
  path: SftpPath,
  { signal, ...options }: WritableOptions = {},
): WritableStream<Uint8Array> {
  const pipe = new TransformStream<Uint8Array, Uint8Array>();
  const writer = pipe.writable.getWriter();
  let transfer: PromiseLike<unknown>;
  return new WritableStream<Uint8Array>({
    start(controller) {
      const stop = controller.signal;
      const how: UploadOptions = { conflict: "overwrite", atomic: false, keepPartial: true, ...options };
      const either = signal ? AbortSignal.any([signal, stop]) : stop;
      transfer = upload(client, pipe.readable, path, { ...how, signal: either });
      transfer.then(undefined, (error) => {
        // It errors by itself when it is aborted, and Node breaks where it is told so meanwhile.
        if (!stop.aborted) controller.error(error);
      });
    },
    // The upload knows better what is wrong.
    write: (chunk) => writer.write(chunk).catch(async () => void (await transfer)),
    async close() {
      writer.close().catch(() => {});
      await transfer;
    },
  });
}
