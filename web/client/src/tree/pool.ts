/** Many things at once, but only so many, and what could not be done. */

import { ConnectionError } from "../errors.ts";
import type { SftpPath } from "../path.ts";

/** One thing that could not be done. */
export interface Failure {
  readonly path: SftpPath;
  readonly error: Error;
}

/** Some of it was done, and some was not. */
export class TreeError extends Error {
  override name = "TreeError";
  /** How many things failed. */
  declare readonly failed: number;
  /** Which and why: the first 100. */
  declare readonly failures: readonly Failure[];

  constructor(failed: number, failures: readonly Failure[]) {
    super(`${failed} failed, first: ${failures[0]?.error.message}`);
    this.failed = failed;
    this.failures = failures;
  }
}

/** Counts failures. */
export class Failures {
  count = 0;
  readonly first: Failure[] = [];

  add(path: SftpPath, error: unknown): void {
    if (this.count++ < 100) this.first.push({ path, error: error as Error });
  }

  /** Runs a task, and keeps why it failed. What nothing can succeed after is thrown: a lost connection, an abort. */
  async try<T>(
    path: SftpPath,
    signal: AbortSignal | undefined,
    task: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      if (signal?.aborted || error instanceof ConnectionError) throw error;
      this.add(path, error);
      return undefined;
    }
  }

  /** Throws if there were any. */
  check(): void {
    if (this.count) throw new TreeError(this.count, this.first);
  }
}

/** Runs tasks side by side. One that rejects ends it all. */
export interface Pool {
  /** Resolves when the task has begun. One caller at a time. */
  add(task: () => Promise<unknown>): Promise<void>;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

export const Pool = {
  /** Runs `produce`, which adds the tasks, and awaits them all, also when it throws. */
  async run(limit: number, produce: (pool: Pool) => Promise<unknown>): Promise<void> {
    const running = new Set<Promise<void>>();
    const errors: unknown[] = [];
    let wake = () => {};
    const check = () => {
      if (errors.length) throw errors[0];
    };
    const idle = async () => {
      await Promise.all(running);
      check();
    };
    const add = async (task: () => Promise<unknown>) => {
      while (running.size >= limit)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      check();
      const one = task()
        .catch((error) => errors.push(error))
        .then(() => {
          running.delete(one);
          wake();
        });
      running.add(one);
    };
    await produce({ add, idle }).finally(() => Promise.all(running));
    check();
  },
};

/** Empties the lists, the last one first, each after what runs in the pool: directories by their depth, say. */
export async function lastFirst<T>(
  lists: T[][],
  pool: Pool,
  task: (item: T) => Promise<unknown>,
): Promise<void> {
  while (lists.length) {
    await pool.idle();
    for (const item of lists.pop() ?? []) await pool.add(() => task(item));
  }
}

/** For a promise that is awaited later: until then a rejection is nobody's concern. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
