/** Many WRITEs under way at once, and how far they are acknowledged without a gap. */

import { byteLength } from "../bytes.ts";
import type { FileHandle } from "../client/file.ts";
import { aborted } from "../client/wait.ts";
import { SftpError } from "../errors.ts";
import { windowOf } from "../window/shared.ts";
import type { Source } from "./source.ts";
import type { TransferControl } from "./transfer.ts";

/**
 * Writes the source from `from` on. With `holdLast` the last request waits for all others, so that a file that has its size is
 * complete. `acknowledged` is told that all bytes before an offset are, each time there are more, and how many more are under way.
 * These are the window's bytes at most, and one request more where the server answers in another order: that is what a lost
 * connection costs.
 */
export async function writeAll(
  file: FileHandle,
  source: Source,
  from: number,
  control: TransferControl,
  holdLast: boolean,
  acknowledged: (offset: number, underWay: number) => void,
): Promise<void> {
  const { limits } = file.session;
  const window = windowOf(file.session, "write");
  const stop = new AbortController();
  const signal = AbortSignal.any([control.signal, stop.signal]);
  /** Where the requests start that are under way, in order. */
  const underWay = new Set<number>();
  let prefix = from;
  let offset = from;
  let wake = () => {};

  const until = async (condition: () => boolean) => {
    while (!condition())
      await aborted(
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
        signal,
      );
  };

  try {
    for (;;) {
      await aborted(control.running(), signal);
      const data = await aborted(source.take(offset, window.requestSize(limits.write)), signal);
      const size = byteLength(data);
      if (!size) break;
      const held = holdLast && offset + size === source.size;
      // Not less than the window: it has to see that somebody waits for room, or it does not grow.
      await until(() => prefix === offset || (!held && offset - prefix <= window.size));
      const permit = await window.reserve(size, signal);
      if (control.paused || signal.aborted) {
        permit.dropped();
        continue;
      }
      const start = offset;
      offset += size;
      underWay.add(start);
      permit.sent();
      // Without the signal: the window learns of the response even when nobody waits for it any more.
      file.write(start, data).then(
        () => {
          permit.delivered(size);
          underWay.delete(start);
          if (signal.aborted) return;
          [prefix = offset] = underWay;
          source.release?.(prefix);
          acknowledged(prefix, offset - prefix);
          wake();
        },
        (error) => {
          permit.dropped();
          if (error instanceof SftpError) error.message += ` at byte ${start}`;
          stop.abort(error);
        },
      );
    }
    await until(() => prefix === offset);
  } finally {
    stop.abort();
  }
}
