/** Questions about what is there already: one dialog at a time, while everything else goes on. */

import type { Attributes, Conflict, SftpPath } from "sftpbridge-client";

import { ask } from "../ui/ask.tsx";
import type { Batch, Row } from "./row.ts";

import type { Decision, Task } from "./task.ts";
import type { Transfers } from "./transfers.ts";

/** One side of a conflict. */
export interface Side {
  readonly size?: number | undefined;
  /** Seconds since 1970. */
  readonly mtime?: number | undefined;
  readonly directory?: boolean;
}

export interface Question {
  readonly name: string;
  /** Where both want to be. */
  readonly folder: SftpPath;
  /** What is on its way: from this device, or from elsewhere at the server. */
  readonly from: "device" | "server";
  readonly source: Side;
  readonly target: Side;
  /** What makes sense; `skip` is what leaving the dialog means, and always there. */
  readonly decisions: readonly Decision[];
  /** Whether there may be more of them, so that an answer can be for all. */
  readonly many: boolean;
}

export interface Answer {
  readonly decision: Decision;
  readonly all: boolean;
}

let turn: Promise<unknown> = Promise.resolve();

/** Asks when those before have been answered. Leaving the dialog leaves what is there as it is: `skip`, for this one. */
export function askConflict(question: Question, stop?: AbortSignal): Promise<Answer> {
  const mine = turn.then(async () => {
    if (stop?.aborted) return undefined;
    const { ConflictDialog } = await import("./conflict-dialog.tsx");
    return ask<Answer>(({ done }) => ConflictDialog({ ...question, done }), stop);
  });
  turn = mine.catch(() => {});
  return mine.then((answer) => answer ?? { decision: "skip", all: false });
}

const DIRECTORY = 0o040000;
const REGULAR = 0o100000;
const kind = ({ mode }: Attributes) => (mode === undefined ? REGULAR : mode & 0o170000);

/** Those that make sense: only a file can be replaced, and only a shorter one can be the beginning. */
export function decisionsFor({ source, target }: Conflict): Decision[] {
  if (kind(target) !== REGULAR) return ["rename", "skip"];
  const begun = (target.size ?? 0) > 0 && (target.size ?? 0) < (source.size ?? 0);
  return ["overwrite", "rename", ...(begun ? ["resume" as const] : []), "newer", "skip"];
}

/** What was decided for all, where that is possible for this one: whatever else is there is asked about by itself. */
export const decidedFor = (conflict: Conflict, { decision }: Batch): Decision | undefined =>
  decision && decisionsFor(conflict).includes(decision) ? decision : undefined;

/** Asks the questions of all rows, one after the other. An answer may be for all that was given together. */
export class Questions {
  readonly #transfers: Transfers;
  #asking = false;
  #stop: AbortController | undefined;
  #current: readonly [Row, Task] | undefined;
  readonly #look = () => void this.#askAll();

  constructor(transfers: Transfers) {
    this.#transfers = transfers;
    transfers.onChange.add(this.#look);
    this.#look();
  }

  /** The dialog goes, too. */
  close(): void {
    this.#transfers.onChange.delete(this.#look);
    this.#stop?.abort();
  }

  async #askAll(): Promise<void> {
    this.#withdraw();
    if (this.#asking) return;
    this.#asking = true;
    for (let next = this.#next(); next; next = this.#next()) {
      const [row, task] = next;
      const decision = decidedFor(task.outcome as Conflict, row.batch) ?? (await this.#ask(row, task));
      if (row.questions.includes(task)) row.answer(task, decision);
    }
    this.#asking = false;
  }

  /** A row that was cancelled has no questions any more. */
  #withdraw(): void {
    const [row, task] = this.#current ?? [];
    if (row && task && !row.questions.includes(task)) this.#stop?.abort();
  }

  #next(): readonly [Row, Task] | undefined {
    const row = this.#transfers.rows.peek().find(({ questions }) => questions.length);
    const [task] = row?.questions ?? [];
    return row && task && [row, task];
  }

  async #ask(row: Row, task: Task): Promise<Decision> {
    const { path, source, target } = task.outcome as Conflict;
    this.#current = [row, task];
    this.#stop = new AbortController();
    const { batch } = row;
    const { decision, all } = await askConflict(
      {
        ...placeOf(path),
        from: "device",
        source: { size: source.size, mtime: source.modified && source.modified / 1000 },
        target: { size: target.size, mtime: target.mtime, directory: kind(target) === DIRECTORY },
        decisions: decisionsFor(task.outcome as Conflict),
        many: this.#transfers.rows.peek().some((it) => it.batch === batch && (it.info.many || it !== row)),
      },
      this.#stop.signal,
    );
    this.#current = undefined;
    if (all) batch.decision = decision;
    return decision;
  }
}

const text = new TextDecoder();

function placeOf(path: SftpPath): { name: string; folder: SftpPath } {
  const at = typeof path === "string" ? path.lastIndexOf("/") : path.lastIndexOf(0x2f);
  const name = path.slice(at + 1);
  return { name: typeof name === "string" ? name : text.decode(name), folder: path.slice(0, at) || "/" };
}
