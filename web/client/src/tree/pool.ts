/** Many things side by side, but only so many, and what could not be done. */

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

/** What the one that finds things to do is given. */
export interface Pool {
  /** Resolves when the task has begun. One caller at a time. */
  add(path: SftpPath, task: () => Promise<unknown>): Promise<void>;
  /** Something has failed, with no task of its own. */
  fail(path: SftpPath, error: unknown): void;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

/** How many tasks at a time, and whom to ask and tell. */
export interface PoolOptions {
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
  /** Resolves when another task may begin. */
  readonly running?: () => Promise<void>;
  /** After each task. */
  readonly report: (failed: number) => void;
}

/**
 * Runs `produce`, which adds the tasks, and awaits them all, also when it throws. What fails does not stop the rest, and is told by
 * a TreeError at the end. What nothing can succeed after ends it all: a lost connection, an abort.
 */
export async function inPool(
  { limit, signal, running, report }: PoolOptions,
  produce: (pool: Pool) => Promise<unknown>,
): Promise<void> {
  const tasks = new Set<Promise<void>>();
  const failures: Failure[] = [];
  const ends: unknown[] = [];
  let failed = 0;
  let wake = () => {};
  const check = () => {
    if (ends.length) throw ends[0];
  };
  const fail = (path: SftpPath, error: unknown) => {
    if (failed++ < 100) failures.push({ path, error: error as Error });
  };
  const idle = async () => {
    await Promise.all(tasks);
    check();
  };
  const add = async (path: SftpPath, task: () => Promise<unknown>) => {
    await running?.();
    while (tasks.size >= limit)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    check();
    const one = task()
      .catch((error) => {
        if (signal?.aborted || error instanceof ConnectionError) ends.push(error);
        else fail(path, error);
      })
      .then(() => {
        tasks.delete(one);
        report(failed);
        wake();
      });
    tasks.add(one);
  };
  await produce({ add, fail, idle }).finally(() => Promise.all(tasks));
  check();
  if (failed) throw new TreeError(failed, failures);
}

/** For a promise that is awaited later: until then a rejection is nobody's concern. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
