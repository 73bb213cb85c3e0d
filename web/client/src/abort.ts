/**
 * Word of an abort. However many wait by one signal, it has one listener: Node warns of more than ten, which would be no
 * leak here, and hundreds of requests may well have one signal.
 */

const heard = new WeakMap<EventTarget, Set<(reason: unknown) => void>>();

function tell({ target }: Event): void {
  const signal = target as AbortSignal;
  for (const react of heard.get(signal) ?? []) react(signal.reason);
}

/**
 * Calls `react` with the reason when the signal is aborted, until the function that is returned is called, as it has to be
 * in the end. Does nothing for a signal that is aborted already. `react` must not throw, and be another function each time.
 */
export function onAbort(signal: AbortSignal | undefined, react: (reason: unknown) => void): () => void {
  if (!signal) return () => {};
  const all = heard.get(signal) ?? new Set();
  heard.set(signal, all.add(react));
  signal.addEventListener("abort", tell);
  return () => {
    if (all.delete(react) && !all.size) signal.removeEventListener("abort", tell);
  };
}
