/** The same for many things, some side by side: each costs round trips, and they need not wait for each other. */

import { ConnectionError, type SftpPath, TreeError } from "sftpbridge-client";

/** What could not be done, and why. */
export interface Failure {
  readonly path: SftpPath;
  readonly error: unknown;
}

/** Of a tree those that the library kept, of which there are at most 100. */
const failuresOf = (path: SftpPath, error: unknown): readonly Failure[] =>
  error instanceof TreeError ? error.failures : [{ path, error }];

/**
 * What fails is returned, and does not stop the rest. A lost connection and an abort do: nothing can succeed after them.
 * `task` is given as many items at a time as `width` says.
 */
export async function forEach<Item>(
  items: readonly Item[],
  { width, signal }: { readonly width: number; readonly signal: AbortSignal },
  pathOf: (item: Item) => SftpPath,
  task: (item: Item) => Promise<unknown>,
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  let next = 0;
  let isOver = false;
  const worker = async () => {
    while (next < items.length && !isOver) {
      const item = items[next++] as Item;
      try {
        signal.throwIfAborted();
        await task(item);
      } catch (error) {
        isOver ||= signal.aborted || error instanceof ConnectionError;
        if (isOver) throw error;
        failures.push(...failuresOf(pathOf(item), error));
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: width }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return failures;
}
