/**
 * Waits that a signal ends. However many wait by one signal, it has one listener: Node warns of more than ten, which would
 * be no leak here, and hundreds of requests may well have one signal.
 */

const waits = new WeakMap<EventTarget, Set<(reason: unknown) => void>>();

function tell({ target }: Event): void {
  const signal = target as AbortSignal;
  for (const reject of waits.get(signal) ?? []) reject(signal.reason);
}

/**
 * A promise as its constructor makes it, which rejects with the signal's reason, too. `begin` is not called where that has
 * been aborted before.
 */
export function abortable<T>(
  signal: AbortSignal | undefined,
  begin: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void,
): Promise<T> {
  if (!signal) return new Promise(begin);
  const all = waits.get(signal) ?? new Set();
  let leave!: (reason: unknown) => void;
  return new Promise<T>((resolve, reject) => {
    signal.throwIfAborted();
    leave = reject;
    waits.set(signal, all.add(leave));
    signal.addEventListener("abort", tell);
    begin(resolve, reject);
  }).finally(() => {
    if (all.delete(leave) && !all.size) signal.removeEventListener("abort", tell);
  });
}
