/** From the server to a sink: in order, as fast as the sink takes it, and across lost connections. */

import type { CoreClient } from "../client/core-client.ts";
import type { FileHandle } from "../client/file.ts";
import { aborted } from "../client/wait.ts";
import type { Attributes } from "../codec/attributes.ts";
import type { SftpPath } from "../path.ts";
import type { RetryOptions } from "./attempts.ts";
import { reading } from "./reading.ts";
import { outputOf, type Sink, type SinkOptions } from "./sink.ts";
import { Transfer } from "./transfer.ts";

/** How to download, and which bytes. */
export interface DownloadOptions extends SinkOptions {
  readonly signal?: AbortSignal | undefined;
  /** How often it is tried again after a lost connection. */
  readonly retry?: RetryOptions | undefined;
  /** Asks at the end once more for size and mtime; a TransferError `source` where they are not as at the start. */
  readonly verify?: boolean | undefined;
}

/** What became of a download. */
export interface DownloadResult {
  /** What was asked for. */
  readonly path: SftpPath;
  /** Bytes that the sink has now, those before `start` or of an earlier download included where it is a file. */
  readonly bytes: number;
  /** How many of them were there before. */
  readonly resumed: number;
  /** Of the file, before it was read. */
  readonly attributes: Attributes;
  /** Where there was no sink. */
  readonly blob?: Blob | undefined;
}

/**
 * Asks for no more than the sink takes, but for the session's window and 1 MiB. Rejects with an SftpError, a
 * ConnectionError, a ProtocolError, a TransferError, a RangeError, what the sink rejects with, or the reason of the
 * cancellation; the sink is aborted with the same. Do not read FIFOs: servers wait for a writer, and so does the session.
 */
export function download(
  client: CoreClient,
  path: SftpPath,
  sink: Sink | undefined,
  options: DownloadOptions = {},
): Transfer<DownloadResult> {
  return new Transfer(async (control) => {
    const { signal, report } = control;
    const { start = 0, end = Number.POSITIVE_INFINITY } = options;
    const [output, prepare] = outputOf(sink, options);
    let attributes: Attributes = {};
    let resumed = 0;
    let bytes = 0;
    const begin = async (file: FileHandle, found: Attributes, stop: AbortSignal) => {
      attributes = found;
      const held = await prepare?.(file, found.size ?? 0, stop);
      bytes = resumed = held ?? 0;
      const total = found.size ? Math.min(found.size, end) - (held === undefined ? start : 0) : undefined;
      report({ bytes, resumed, total });
      return held ?? start;
    };
    try {
      for await (const chunk of reading(client, path, { ...options, begin }, control)) {
        await aborted(Promise.resolve(output.write(chunk as Uint8Array<ArrayBuffer>)), signal);
        bytes += chunk.length;
        report({ bytes });
      }
      const closed = await aborted(Promise.resolve(output.close?.()), signal);
      return { path, bytes, resumed, attributes, blob: sink ? undefined : (closed as Blob) };
    } catch (error) {
      const over = (async () => output.abort?.(error))().catch(() => {});
      // A file of the browser can be opened again after this; nobody knows how long other sinks take.
      if (prepare) await over;
      throw error;
    }
  }, options.signal);
}
