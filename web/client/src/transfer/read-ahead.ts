/**
 * A range of a file, read by many READs at once and taken in order. What has arrived stays when the session is lost: the
 * next session is asked for the rest only.
 */

import type { FileHandle } from "../client/file.ts";
import { aborted } from "../client/wait.ts";
import { ProtocolError } from "../errors.ts";
import { windowOf } from "../window/shared.ts";
import type { Permit } from "../window/window.ts";
import type { TransferControl } from "./transfer.ts";

/** Bytes that may have been asked for and not been taken, on top of the session's window. */
const SLACK = 2 ** 20;
/** Pieces that may be held: many only where a server answers with less than was asked for, again and again. */
const PIECES = 4096;

/** What one READ asks for. */
interface Piece {
  readonly offset: number;
  readonly length: number;
  /** Who was asked for it last. */
  file?: FileHandle;
  data?: Uint8Array;
}

export interface ReadAhead {
  /** Bytes that have arrived. */
  arrived: number;
  /**
   * Asks for what has not arrived, as fast as it is taken. Resolves with the end when all is there: `end`, or where the file
   * ends before. Rejects with the first error; a later call goes on with another file, and with the range of the first.
   */
  fill(
    file: FileHandle,
    signal: AbortSignal,
    start: number,
    end: number,
    control?: TransferControl,
  ): Promise<number>;
}

/** What `produce` makes arrive, in order. Whoever takes no more ends `produce`. */
export async function* readAhead(
  produce: (ahead: ReadAhead, signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  /** Without gaps, from `taken` to `asked`. */
  const pieces: Piece[] = [];
  let waiting: (() => void)[] = [];
  let first: number | undefined;
  let taken = 0;
  let asked = 0;
  let end = Number.POSITIVE_INFINITY;

  const wake = () => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  const change = (signal: AbortSignal) =>
    aborted(new Promise<void>((resolve) => waiting.push(resolve)), signal);

  /** What to ask for now: the rest of a short answer and what was lost with a session first. */
  const next = (file: FileHandle): Piece | undefined => {
    const crowded = pieces.length > PIECES;
    const old = pieces.find((piece, at) => !piece.data && piece.file !== file && !(crowded && at));
    if (old) return old;
    const window = windowOf(file.session);
    // Without an end as much again as there was already: a small file of /proc is not asked for a hundred times.
    const room =
      end < Number.POSITIVE_INFINITY ? window.size + SLACK : Math.min(taken - (first ?? 0), window.size);
    if (asked >= end || crowded || (asked > taken && asked - taken >= room)) return;
    const length = Math.min(window.requestSize(file.session.limits.read), end - asked);
    const piece = { offset: asked, length };
    asked += length;
    pieces.push(piece);
    return piece;
  };

  const begin = (start: number, due: number) => {
    if (first !== undefined) return;
    first = taken = asked = start;
    end = due;
    wake();
  };

  const isWhole = () => asked >= end && pieces.every(({ data }) => data);

  const arrive = (piece: Piece, data: Uint8Array) => {
    const at = pieces.indexOf(piece);
    // It is beyond the end, or came from another session.
    if (at < 0 || piece.data) return;
    const { offset, length } = piece;
    const { length: size } = data;
    if (size) {
      ahead.arrived += size;
      // A view keeps its whole message in memory.
      piece.data = size * 2 < data.buffer.byteLength ? data.slice() : data;
      if (size < length) pieces.splice(at + 1, 0, { offset: offset + size, length: length - size });
    } else {
      end = offset;
      pieces.length = at;
    }
  };

  /** Without the signal: what was asked for arrives, and takes its room in the window until then. */
  const read = async (piece: Piece, file: FileHandle, permit: Permit, failed: AbortController) => {
    piece.file = file;
    permit.sent();
    try {
      const data = await file.read(piece.offset, piece.length);
      permit.delivered(data.length);
      arrive(piece, data);
    } catch (error) {
      permit.dropped();
      if (error instanceof ProtocolError) file.session.close(4000);
      failed.abort(error);
    }
    wake();
  };

  const ahead: ReadAhead = {
    arrived: 0,
    async fill(file, signal, start, due, control) {
      const failed = new AbortController();
      const either = AbortSignal.any([signal, failed.signal]);
      begin(start, due);
      for (;;) {
        await aborted(Promise.resolve(control?.running()), either);
        const piece = next(file);
        if (piece) {
          const permit = await windowOf(file.session).reserve(piece.length, either);
          // While it waited for room, the end may have been found before this piece.
          if (either.aborted || control?.paused || !pieces.includes(piece)) permit.dropped();
          else read(piece, file, permit, failed);
        } else if (isWhole()) return end;
        else await change(either);
      }
    },
  };

  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const produced = produce(ahead, either);
  produced.catch((error) => stop.abort(error));
  try {
    while (taken < end) {
      either.throwIfAborted();
      const data = pieces[0]?.data;
      if (data) {
        pieces.shift();
        taken += data.length;
        wake();
        yield data;
      } else await change(either);
    }
    await produced;
  } finally {
    stop.abort();
  }
}
