/** For media: they begin and seek often, and read little of it each time. */

import type { SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { chunksOf, streamOf } from "../downloads/streamed.ts";

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
  return streamOf(async function* (signal) {
    let size = FIRST;
    for (let at = start; at < end; size = Math.min(MOST, size * 2)) {
      const to = Math.min(end, at + size);
      yield* chunksOf(client.readable(path, { start: at, end: to, signal }));
      at = to;
    }
  });
}
