/** While transfers run: the page is not left by mistake, and the device does not fall asleep. */

import type { Transfers } from "./transfers.ts";

/** Until the function that it returns is called. */
export function stayAwake(transfers: Transfers): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let lock: Promise<WakeLockSentinel | undefined> | undefined;
  const look = () => {
    if (transfers.active) lock ??= request();
    else release();
  };
  const release = () => {
    void lock?.then((held) => held?.release());
    lock = undefined;
  };
  // The browser lets go of it in the background.
  const back = () => {
    if (document.visibilityState === "visible") release();
    look();
  };
  addEventListener("beforeunload", (event) => transfers.active && event.preventDefault(), { signal });
  document.addEventListener("visibilitychange", back, { signal });
  transfers.onChange.add(look);
  look();
  return () => {
    transfers.onChange.delete(look);
    stop.abort();
    release();
  };
}

/** Browsers may refuse it, to save the battery. */
const request = async () => navigator.wakeLock?.request("screen").catch(() => undefined);
