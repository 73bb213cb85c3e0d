/** Signals whose value outlives the page, in this browser: how things are shown, never what was done. */

import { effect, type Signal, signal } from "@preact/signals";

/** `accept` says whether what was found is a value: an older version may have left another. Storage may be forbidden. */
export function kept<T>(name: string, initial: T, accept: (found: unknown) => found is T): Signal<T> {
  const value = signal(read(name, initial, accept));
  effect(() => {
    try {
      localStorage.setItem(name, JSON.stringify(value.value));
    } catch {
      // Then it is for this visit.
    }
  });
  return value;
}

function read<T>(name: string, initial: T, accept: (found: unknown) => found is T): T {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(name) ?? "null");
    return accept(found) ? found : initial;
  } catch {
    return initial;
  }
}
