/** A transfer of nothing in particular for a time, and how long a `stat` beside it takes: what windows are judged by. */

import { setTimeout as sleep } from "node:timers/promises";
import type { CoreClient } from "../../src/core.ts";
import { type Direction, useWindows, windowOf } from "../../src/window/shared.ts";
import type { ByteWindow } from "../../src/window/window.ts";

/** The largest requests of OpenSSH. */
export const LIMIT = 261_120;
/** The file is that long, and begun again after its end: no more room is taken on the disk. */
export const FILE = 256 << 20;

export interface Measured {
  /** Bits per second: what was acknowledged over the whole time, the start-up in it. */
  readonly rate: number;
  /** Milliseconds, in order. One that was not answered in time counts with what it waited. */
  readonly stats: readonly number[];
}

/** Milliseconds: half of them are as quick, or quicker. */
export const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;

/** Transfers for so many milliseconds, with a `stat` every 200. The caller closes the client. */
export async function pump(
  client: CoreClient,
  direction: Direction,
  path: string,
  milliseconds: number,
  fixed?: ByteWindow,
): Promise<Measured> {
  const file = await client.open(path, direction === "write" ? { write: true, create: true } : {});
  if (fixed) useWindows(file.session, { read: fixed, write: fixed });
  const window = windowOf(file.session, direction);
  const block = new Uint8Array(LIMIT).map((_, at) => (at * 31) ^ (at >> 7));
  const ended = new AbortController();
  const started = performance.now();
  let moved = 0;
  let offset = 0;
  const request = async (at: number, bytes: number) => {
    const permit = await window.reserve(bytes, ended.signal);
    permit.sent();
    const response = direction === "write" ? file.write(at, block.subarray(0, bytes)) : file.read(at, bytes);
    response.then(
      () => {
        permit.delivered(bytes);
        moved += bytes;
      },
      () => permit.dropped(),
    );
  };
  const transfer = async () => {
    for (;;) {
      const bytes = window.requestSize(LIMIT);
      if (offset + bytes > FILE) offset = 0;
      await request(offset, bytes);
      offset += bytes;
    }
  };
  const stats: number[] = [];
  const pending = new Set<number>();
  const ask = async () => {
    const sent = performance.now();
    pending.add(sent);
    await client.stat(path);
    if (pending.delete(sent)) stats.push(performance.now() - sent);
  };
  transfer().catch(() => {});
  while (performance.now() - started < milliseconds) {
    await sleep(Math.min(200, milliseconds - (performance.now() - started)));
    ask().catch(() => {});
  }
  const now = performance.now();
  ended.abort();
  for (const sent of pending) if (now - sent > 200) stats.push(now - sent);
  pending.clear();
  return { rate: (moved * 8000) / (now - started), stats: stats.sort((a, b) => a - b) };
}
