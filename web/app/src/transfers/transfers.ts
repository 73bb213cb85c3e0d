/** All transfers of one login, up and down: the rows of the panel, over the queue of the library. */

import { signal } from "@preact/signals";
import { type AnyTransfer, transferQueue } from "sftpbridge-client";
import { Row, type RowInfo, type Tasks } from "./row.ts";
import type { Task } from "./task.ts";

/** Milliseconds between two looks at the figures. */
const INTERVAL = 250;

/** All rows of the present spell of work together. */
export interface Summary {
  /** Rows that have not ended. */
  readonly active: number;
  readonly failed: number;
  readonly asking: number;
  readonly bytes: number;
  /** Between 0 and 1; nothing while it is not known. */
  readonly part: number | undefined;
  readonly speed: number;
  readonly remaining: number | undefined;
}

export class Transfers {
  readonly rows = signal<readonly Row[]>([]);
  /** Changes with the figures, at most four times a second. Read it, and then the rows. */
  readonly revision = signal(0);
  /** Whether the list is shown, and not only what sums it up. */
  readonly open = signal(false);
  /** Each row as it ends, for those who keep lists of them. */
  readonly onEnd = new Set<(row: Row) => void>();
  /** Each change of what is in the queue, for those who have to be quick. */
  readonly onChange = new Set<() => void>();
  readonly #queue = transferQueue<Task>();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The first row of the present spell: what was done before it is not part of the whole. */
  #since = 0;
  #ended = new WeakSet<Row>();

  constructor() {
    this.#queue.subscribe(() => this.#settle());
  }

  /** One transfer. `start` is called when its turn comes, and again for each retry. */
  add(start: () => AnyTransfer, info: RowInfo): Row {
    return this.addAll(() => [{ name: "", size: info.size, start }], info);
  }

  /** Many that are one row. */
  addAll(tasks: Tasks, info: RowInfo): Row {
    if (!this.active) this.#since = Number.POSITIVE_INFINITY;
    const row = new Row(this.#queue, tasks, info, () => this.#settle());
    this.#since = Math.min(this.#since, row.id);
    this.rows.value = [...this.rows.value, row];
    row.begin();
    this.#settle();
    return row;
  }

  /** Whether anything waits or runs. */
  get active(): boolean {
    return this.rows.peek().some((row) => !row.over);
  }

  pause(row?: Row): void {
    for (const it of this.#these(row)) if (!it.over) it.pause();
    this.#show();
  }

  resume(row?: Row): void {
    for (const it of this.#these(row)) if (it.paused) it.resume();
    this.#show();
  }

  cancel(row?: Row): void {
    for (const it of this.#these(row)) if (!it.over) it.cancel();
    this.#settle();
    this.#show();
  }

  /** One that failed or was cancelled, or all that failed. */
  retry(row?: Row): void {
    for (const it of this.#these(row)) {
      if (!(row ? it.failures.length || it.cancelled : it.failures.length)) continue;
      this.#ended.delete(it);
      it.retry();
    }
    this.#settle();
    this.#show();
  }

  /** Takes one off the list, or all that have ended well or were cancelled: failures stay until they are taken off. */
  clear(row?: Row): void {
    const goes = (it: Row) => (row ? it === row && it.over : it.over && !it.failures.length);
    this.rows.value = this.rows.value.filter((it) => !goes(it));
  }

  get summary(): Summary {
    const rows = this.rows.value.filter((row) => row.id >= this.#since || !row.over);
    const counted = rows.filter(({ cancelled }) => !cancelled);
    const sum = (of: (row: Row) => number) => counted.reduce((all, row) => all + of(row), 0);
    const known = counted.every((row) => row.total !== undefined && row.counted.complete);
    const bytes = sum((row) => row.bytes);
    const total = sum((row) => row.total ?? 0);
    const speed = sum((row) => (row.over ? 0 : row.meter.speed));
    const left = sum((row) => (row.over ? 0 : (row.total ?? 0) - row.bytes));
    return {
      active: rows.filter((row) => !row.over).length,
      failed: this.rows.value.filter((row) => row.failures.length && row.over).length,
      asking: rows.filter(({ questions }) => questions.length).length,
      bytes,
      part: known && total ? Math.min(1, bytes / total) : undefined,
      speed,
      remaining: known && speed ? left / speed : undefined,
    };
  }

  /** For good: nothing goes on, and nobody is told of ends that are none. */
  close(): void {
    this.onEnd.clear();
    this.onChange.clear();
    for (const row of this.rows.peek()) if (!row.over) row.cancel();
    clearInterval(this.#timer);
  }

  #these(row?: Row): readonly Row[] {
    return row ? [row] : this.rows.peek();
  }

  #settle(): void {
    for (const row of this.rows.peek()) {
      row.settle();
      if (!row.over || this.#ended.has(row)) continue;
      this.#ended.add(row);
      for (const tell of this.onEnd) tell(row);
    }
    for (const tell of this.onChange) tell();
    this.#timer ??= setInterval(() => this.#look(), INTERVAL);
  }

  /** Figures are only looked at now and then: nothing flickers. */
  #look(): void {
    for (const row of this.rows.peek()) if (!row.over && !row.paused) row.meter.note(row.moved);
    if (!this.active) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.#show();
  }

  #show(): void {
    this.revision.value++;
  }
}
