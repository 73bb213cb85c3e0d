/** For media: they begin and seek often, and read little of it each time. */

import type { SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";

/** Bytes that are asked for at the start of a reading, and the most later. */
const FIRST = 262_144;
const MOST = 2 ** 21;

/** From `start` to `end`, in pieces that grow: no more than the next one is asked for ahead. */
export function inPieces(
  client: Pick<RemoteClient, "readable">,
  path: SftpPath,
  start: number,
  end: number,
): ReadableStream<Uint8Array> {
  const stop = new AbortController();
  const { signal } = stop;
  async function* read() {
    let size = FIRST;
    for (let at = start; at < end; size = Math.min(MOST, size * 2)) {
      const to = Math.min(end, at + size);
      const reader = client.readable(path, { start: at, end: to, signal }).getReader();
      for (let next = await reader.read(); next.value; next = await reader.read()) yield next.value;
      at = to;
    }
  }
  const chunks = read();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value } = await chunks.next();
        if (value) controller.enqueue(value);
        else controller.close();
      },
      cancel: (reason) => stop.abort(reason),
    },
    { highWaterMark: 0 },
  );
}
