/** A stream that somebody else reads, seen as a transfer: its bytes, its pauses, its end. */

import type { TransferControl } from "sftpbridge-client";

/** What is told of a stream. */
export interface Watcher {
  /** Bytes that were taken, all together. */
  taken(bytes: number): void;
  /** All was taken, it failed, or nobody wants more of it: once. What has failed is given up by its reader afterwards. */
  over(how: "whole" | "stopped" | { readonly error: unknown }): void;
}

/** The same bytes. `size` is that of the whole, where it is known: who has so many asks for no end. */
export function watched(
  source: ReadableStream<Uint8Array>,
  { signal, running }: Pick<TransferControl, "signal" | "running">,
  { taken, over }: Watcher,
  size?: number,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let bytes = 0;
  const stop = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", stop);
  let isOver = false;
  const end = (how: Parameters<Watcher["over"]>[0]) => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener("abort", stop);
    over(how);
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          await running();
          const { value } = await reader.read();
          signal.throwIfAborted();
          if (value) {
            bytes += value.length;
            taken(bytes);
            controller.enqueue(value);
          } else {
            controller.close();
            end("whole");
          }
        } catch (error) {
          end({ error });
          throw error;
        }
      },
      cancel(reason) {
        end(bytes === size ? "whole" : "stopped");
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
