/** Waits that a signal ends. */

import { abortable } from "../abort.ts";

/** What a timer can wait for. */
const LONGEST = 2 ** 31 - 1;

/** The promise, or the signal's reason, whichever comes first. A promise that rejects later is nobody's concern. */
export function aborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  promise.catch(() => {});
  return abortable(signal, (resolve, reject) => void promise.then(resolve, reject));
}

/**
 * Between half of the milliseconds and all: what was lost together does not come back together. Ends as soon as the network is
 * back, but never before `least` milliseconds.
 */
export async function pause(milliseconds: number, signal: AbortSignal, least = 0): Promise<void> {
  signal.throwIfAborted();
  const time = Math.min(LONGEST, Math.max(milliseconds * (0.5 + Math.random() / 2), least));
  if (!time) return;
  let over = () => {};
  const wait = new Promise<void>((resolve) => {
    over = resolve;
  });
  const timer = setTimeout(over, time);
  if (!least) globalThis.addEventListener?.("online", over);
  await aborted(wait, signal).finally(() => {
    clearTimeout(timer);
    globalThis.removeEventListener?.("online", over);
  });
}
