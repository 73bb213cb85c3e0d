/** Countdowns. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** Whole seconds until a time in milliseconds since 1970; renders again while it counts down. */
export function useSecondsUntil(time = 0): number {
  const now = useSignal(Date.now());
  useEffect(() => {
    now.value = Date.now();
    if (time <= now.value) return;
    const timer = setInterval(() => {
      now.value = Date.now();
      if (now.value >= time) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [time, now]);
  // It may have stood still until there was something to count.
  const current = Math.max(now.value, Date.now());
  return Math.max(0, Math.ceil((time - current) / 1000));
}
