/** What a row of the transfers does: one task for each file. */

import type { AnyTransfer, Conflict, ConflictPolicy } from "sftpbridge-client";

/** What a person can decide about a target that is there already. */
export type Decision = Exclude<ConflictPolicy, "error">;

/** What became of a task that has ended well. A conflict waits for the person's answer. */
export type Outcome = "done" | "skipped" | Conflict;

export interface Task {
  /** Below the row's own name; empty where it is the row itself. */
  readonly name: string;
  readonly size: number | undefined;
  /** Directories are made by tasks, too, and are not counted. */
  readonly directory?: boolean;
  /** Without it `done`. */
  readonly outcome?: Outcome | undefined;
  /** Called when its turn comes; again after a failure, and after an answer. */
  start(): AnyTransfer;
  /** Takes the answer to the conflict that is the outcome. */
  solve?(decision: Decision): void;
}

/** Why a task failed. */
export interface Failure {
  readonly task: Task;
  readonly error: unknown;
}
