/** Where a download goes to: streams, files of the browser, objects of the caller, or a Blob. */

import type { FileHandle } from "../client/file.ts";
import type { ByteRange } from "./reading.ts";
import { compare, TAIL, VerifyError } from "./verify.ts";

/** Takes chunks, one after the other: the next comes when the promise for the last has resolved. */
export interface WritingSink {
  write(chunk: Uint8Array<ArrayBuffer>): unknown;
  /** When all has come; awaited. */
  close?(): unknown;
  /** Told why nothing more comes. */
  abort?(reason: unknown): unknown;
}

/** A file of the browser, such as `showSaveFilePicker` and the origin private file system give. */
export interface FileSink {
  getFile(): Promise<Blob>;
  createWritable(options: { keepExistingData: boolean }): Promise<WritableFile>;
}

/** A FileSystemWritableFileStream, as far as it is used. */
export interface WritableFile extends WritingSink {
  seek(position: number): Promise<void>;
  truncate(size: number): Promise<void>;
}

/** Whatever a download can go to; without one it is a Blob. */
export type Sink = WritableStream<Uint8Array> | WritingSink | FileSink;

/** Which bytes a sink gets, and how many it may. */
export interface SinkOptions extends ByteRange {
  /** Bytes that a Blob may have, where there is no sink; 512 MiB without it. A RangeError beyond. */
  readonly maximum?: number | undefined;
  /**
   * What a file of the browser holds already. `overwrite` (without it): it is lost, but for what is before `start`.
   * `resume`: it is gone on with, if its last 64 KiB are the same on the server; else a VerifyError. What has arrived is
   * then kept when the download fails or is cancelled.
   */
  readonly conflict?: "overwrite" | "resume" | undefined;
}

/** Before the first chunk: gives the bytes that are there already, from the start of the file, where the sink is one. */
export type Begin = (file: FileHandle, size: number, signal: AbortSignal) => Promise<number | undefined>;

/** What is written to, and what has to be done before. */
export function outputOf(sink: Sink | undefined, options: SinkOptions): [WritingSink, Begin?] {
  if (!sink) return blobOutput(options);
  if ("createWritable" in sink) return fileOutput(sink, options);
  return ["write" in sink ? sink : sink.getWriter()];
}

/** Each chunk is a Blob soon: browsers keep them out of the heap. Its `close` gives the whole. */
function blobOutput({
  maximum = 2 ** 29,
  start = 0,
  end = Number.POSITIVE_INFINITY,
}: SinkOptions): [WritingSink, Begin] {
  const parts: Blob[] = [];
  let size = 0;
  const check = (bytes: number) => {
    if (bytes > maximum) throw new RangeError(`more than the ${maximum} bytes of \`maximum\``);
  };
  return [
    {
      write(chunk) {
        size += chunk.length;
        check(size);
        parts.push(new Blob([chunk]));
      },
      close: () => new Blob(parts),
    },
    async (_, total) => {
      check(Math.min(total, end) - start);
      return undefined;
    },
  ];
}

function fileOutput(sink: FileSink, { start = 0, conflict }: SinkOptions): [WritingSink, Begin] {
  const resume = conflict === "resume";
  let writable: WritableFile | undefined;
  return [
    {
      write: (chunk) => writable?.write(chunk),
      close: () => writable?.close?.(),
      abort: (reason) => (resume ? writable?.close?.() : writable?.abort?.(reason)),
    },
    async (file, size, signal) => {
      const local = await sink.getFile();
      const at = resume ? local.size : start;
      if (at > local.size) throw new RangeError(`${local.size} bytes are there, and not ${at}`);
      if (at > size) throw new VerifyError(file.path, size);
      if (resume) await compare(file, local, Math.max(0, at - TAIL), at, signal);
      writable = await sink.createWritable({ keepExistingData: at > 0 });
      // The download may be over by now: nobody else lets go of it.
      if (signal.aborted) await writable.abort?.(signal.reason);
      await writable.truncate(at);
      await writable.seek(at);
      return at;
    },
  ];
}
