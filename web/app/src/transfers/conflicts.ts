/** What is there already where something is uploaded: its row waits for the answer. */

import type { Conflict } from "sftpbridge-client";
import { askConflict } from "../files/conflict.ts";
import { typeOf } from "../files/mode.ts";
import { nameOf, parentOf } from "../files/place.ts";
import type { Batch, Row } from "./row.ts";
import type { Decision, Task } from "./task.ts";
import type { Transfers } from "./transfers.ts";

/** What says nothing of its type is taken for a file. */
const targetType = ({ target }: Conflict) => (target.mode === undefined ? "file" : typeOf(target));

/** Those that make sense: only a file can be replaced, and only a shorter one can be the beginning. */
function decisionsFor(conflict: Conflict): Decision[] {
  const { source, target } = conflict;
  if (targetType(conflict) !== "file") return ["rename", "skip"];
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
    const conflict = task.outcome as Conflict;
    const { path, source, target } = conflict;
    const { batch } = row;
    const together = () => this.#transfers.rows.peek().filter((it) => it.batch === batch);
    this.#current = [row, task];
    this.#stop = new AbortController();
    const question = {
      name: nameOf(path).name,
      folder: parentOf(path),
      from: "device",
      source: { type: "file", size: source.size, mtime: source.modified && source.modified / 1000 },
      target: { type: targetType(conflict), size: target.size, mtime: target.mtime },
      decisions: decisionsFor(conflict),
      many: row.info.many || together().length > 1,
      stop: () => {
        for (const it of together()) this.#transfers.cancel(it);
      },
    } as const;
    const { decision, all } = await askConflict(question, this.#stop.signal);
    this.#current = undefined;
    if (all) batch.decision = decision;
    return decision;
  }
}
