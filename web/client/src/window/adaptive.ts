/**
 * The windows of a session, one for each direction: as many bytes as the path holds, and 50 ms more, so that other requests
 * wait no longer than that behind them. A model of the path in the manner of BBR (draft-ietf-ccwg-bbr), over TCP, which does
 * the rest.
 */

import type { ByteWindow, Permit } from "./window.ts";

const SMALLEST = 32_768;
/** Of both directions together. */
const LARGEST = 16 << 20;
/** Milliseconds of data that may wait in the path. */
const QUEUE = 50;
/** Milliseconds of data in one request: an upload's link is idle if its last request is half of what is under way. */
const REQUEST = 16;
const REQUEST_STEP = 8192;
/** Milliseconds that a round lasts at least, so that a burst of responses is no rate. */
const ROUND = 50;
/** Rounds in which a rate is the best, and then as many again (BBR: ten round trips). */
const ROUNDS = 5;
/** Milliseconds that a round trip is believed (BBR: as many), and where round trips are longer than they should be. */
const BELIEVED = 10_000;
const DOUBTED = 1000;

/** One direction. */
export interface AdaptiveWindow extends ByteWindow {
  size: number;
  /** Lets those go on who wait, as far as there is room. */
  next(): void;
  end(reason: Error): void;
}

export interface AdaptiveWindows {
  readonly read: AdaptiveWindow;
  readonly write: AdaptiveWindow;
  /** Nobody waits any longer. */
  readonly end: (reason: Error) => void;
}

/**
 * Both directions share the path. Its round trip without a queue is that of a tiny request on a path with room: before the
 * first bytes, and then every ten seconds, or after one where there is doubt, for which both directions stop until half of what
 * the path holds is under way. One long answer may be an accident: a longer path is believed at the second.
 *
 * `probe` asks the server for next to nothing, and resolves when the answer is there. `now` is a clock in milliseconds that
 * never goes back.
 */
export function adaptiveWindows(
  probe: () => Promise<unknown>,
  now = () => performance.now(),
): AdaptiveWindows {
  /** Why the session is over. */
  let ended: Error | undefined;
  /** The shortest round trip since the last probe, and that before. */
  let shortest = Number.POSITIVE_INFINITY;
  let shortestBefore = shortest;
  let probed = 0;
  /** Nothing is sent until the path has room for a probe. */
  let draining = true;

  const minRtt = () => Math.min(shortest, shortestBefore);

  /** Bytes under way in both directions. */
  const inFlight = () => read.inFlight + write.inFlight;

  /** Lets both directions go on, as far as they may. */
  function next(): void {
    if (draining) {
      for (const { inFlight, rate } of both) if (inFlight > (rate * minRtt()) / 2) return;
      draining = false;
      measure();
    }
    for (const window of both) window.next();
  }

  function measure(): void {
    const sent = now();
    probed = Number.POSITIVE_INFINITY;
    probe().then(
      () => {
        const time = now();
        probed = time - sent > minRtt() + 20 ? time - BELIEVED + DOUBTED : time;
        shortestBefore = shortest;
        shortest = time - sent;
      },
      () => {},
    );
  }

  function direction(): AdaptiveWindow {
    /** How many bytes who waits for, in the order of their coming. */
    const waiting = new Map<(failed?: boolean, reason?: unknown) => void, number>();
    let best = 0;
    let bestBefore = 0;
    let rounds = 0;
    /** Doubles each round trip until the rate grows no more. */
    let starting = true;
    /** Rounds in a row that say that the path is full, or below 0 that it is not. */
    let plateau = 0;
    // The round that is under way: when it began, and when the request was sent whose response was its start.
    let since = 0;
    let sentSince = 0;
    let moved = 0;
    let quickest = 0;
    /** 2 where somebody had to wait for room in this round, 1 where it was in the one before. */
    let full = 0;

    const window: AdaptiveWindow & { inFlight: number } = {
      size: 2 * SMALLEST,
      inFlight: 0,
      get rate() {
        return Math.max(best, bestBefore);
      },
      get minRtt() {
        return minRtt();
      },
      requestSize(limit) {
        const bytes = window.rate * REQUEST || SMALLEST;
        return Math.min(Math.max(bytes - (bytes % REQUEST_STEP), REQUEST_STEP), limit);
      },
      reserve: (bytes, signal) =>
        new Promise((resolve, reject) => {
          signal?.throwIfAborted();
          if (ended) throw ended;
          const leave = (failed?: boolean, reason?: unknown) => {
            waiting.delete(leave);
            signal?.removeEventListener("abort", abort);
            if (failed) reject(reason);
            else resolve(permit(bytes));
          };
          const abort = () => {
            leave(true, signal?.reason);
            next();
          };
          signal?.addEventListener("abort", abort);
          waiting.set(leave, bytes);
          next();
          if (waiting.size) full = 2;
        }),
      next() {
        for (const [leave, bytes] of waiting) {
          const mine = window.inFlight;
          if (mine && (mine + bytes > window.size || inFlight() + bytes > LARGEST)) return;
          leave();
        }
      },
      end(reason) {
        for (const [leave] of waiting) leave(true, reason);
      },
    };

    function permit(bytes: number): Permit {
      let sent = now();
      let held = true;
      window.inFlight += bytes;
      const delivered = (moved?: number) => {
        if (!held) return;
        held = false;
        window.inFlight -= bytes;
        if (moved !== undefined) learn(sent, moved);
        next();
      };
      return {
        bytes,
        sent() {
          sent = now();
          // Nothing else is under way: the time before was no time of the path.
          if (window.inFlight === bytes) begin(sent, sent);
        },
        delivered,
        dropped: () => delivered(),
      };
    }

    function begin(time: number, sent: number): void {
      since = time;
      sentSince = sent;
      moved = 0;
      quickest = Number.POSITIVE_INFINITY;
      full = waiting.size ? 2 : full && 1;
    }

    function learn(sent: number, bytes: number): void {
      const time = now();
      const rtt = time - sent;
      shortest = Math.min(shortest, rtt);
      quickest = Math.min(quickest, rtt);
      moved += bytes;
      // Where it takes long already, more would only wait.
      if (starting && full && rtt < 2 * minRtt() + QUEUE)
        window.size = Math.min(window.size + bytes, LARGEST);
      if (sent < since || time - since < ROUND) return;
      // What was not asked for says nothing of the path. No faster than they were sent, if they come in a burst.
      if (full > 1) conclude(moved / Math.max(time - since, sent - sentSince));
      begin(time, sent);
    }

    /** The end of a round: its rate, and the shortest queue in it. */
    function conclude(rate: number): void {
      const grown = rate > 1.25 * window.rate;
      best = Math.max(best, rate);
      if (++rounds % ROUNDS === 0) {
        bestBefore = best;
        best = rate;
      }
      const queue = quickest - minRtt();
      if (starting) start(grown, queue);
      else judge(rate, queue);
      if (starting) return;
      // And a step, or a slow path would stay at whole requests less than it holds.
      const holds = window.rate * (minRtt() + QUEUE) + REQUEST_STEP;
      window.size = Math.max(SMALLEST, Math.min(holds, LARGEST));
      if (now() - probed > (plateau > 1 ? DOUBTED : BELIEVED)) draining = true;
    }

    /** Whether there is more to be had. */
    function start(grown: boolean, queue: number): void {
      plateau = grown ? 0 : Math.max(plateau, 0) + 1;
      starting = plateau < (queue > Math.max(QUEUE, minRtt() / 4) + 20 ? 1 : 3);
      if (!starting) plateau = 0;
    }

    /** Whether the path still is what it was. */
    function judge(rate: number, queue: number): void {
      if (queue > 1.5 * QUEUE && window.size > SMALLEST && inFlight() === window.inFlight) {
        // It is slower, or longer: half of the rate, and a look at the length. Not where the other direction is busy too:
        // its queue is part of these round trips.
        plateau = Math.max(plateau, 0) + 1;
        if (plateau > 1) {
          best = Math.max(rate, window.rate / 2);
          bestBefore = 0;
        }
      } else {
        // More came than the model says, or nothing waited for three rounds (a look at the length makes one or two): it
        // holds more.
        plateau = queue < QUEUE / 4 ? Math.min(plateau, 0) - 1 : 0;
        starting = plateau < -2 || window.size < rate * (minRtt() + QUEUE / 2);
      }
    }

    return window;
  }

  const read = direction();
  const write = direction();
  const both = [read, write];
  return {
    read,
    write,
    end(reason) {
      ended = reason;
      for (const window of both) window.end(reason);
    },
  };
}
