/**
 * One row of the transfers: a file, or a folder with all that is in it. The queue is given only so many of its tasks at a
 * time: 100,000 files need no more memory than 100.
 */

import type { QueueItem, SftpPath, TransferQueue, TransferState } from "sftpbridge-client";
import { Meter } from "./meter.ts";
import type { Decision, Failure, Task } from "./task.ts";

export type RowState = TransferState | "asking";

/** What the panel shows of a row, and how its tasks belong together. */
export interface RowInfo {
  readonly kind: "upload" | "download";
  /** Of the file or the folder; empty for loose files. */
  readonly name: string;
  /** At the server: where it goes to, or comes from. */
  readonly folder: SftpPath;
  /** As far as it is known. */
  readonly size?: number | undefined;
  /** Has files in it, which are counted. */
  readonly many?: boolean;
  /** What was given at one go: an answer may be for all of it. */
  readonly batch?: Batch;
}

/** What was decided for all conflicts of what was dropped or picked together. */
export interface Batch {
  decision?: Decision | undefined;
}

/** Gives the tasks, as they are found; again when a row that was cancelled is tried again. */
export type Tasks = (again: boolean) => Iterable<Task> | AsyncIterable<Task>;

/** Tasks of one row in the queue. */
const AHEAD = 64;
/** Failures, and conflicts, before a row stops to look for more of them. */
const MOST = 1000;

let last = 0;

export class Row {
  readonly id = ++last;
  readonly info: RowInfo;
  readonly batch: Batch;
  /** Figures of what is in it, from who counts them meanwhile. */
  counted = { files: 0, bytes: 0, complete: true };
  failures: Failure[] = [];
  /** Those with a conflict that waits for an answer. */
  questions: Task[] = [];
  /** Files that are done, and that were left as they were. */
  done = 0;
  skipped = 0;
  paused = false;
  cancelled = false;
  readonly meter = new Meter();
  readonly #queue: TransferQueue<Task>;
  readonly #tasks: Tasks;
  readonly #changed: () => void;
  readonly #active = new Map<Task, QueueItem<Task>>();
  #feeds = 0;
  #found = { files: 0, bytes: 0 };
  #bytes = 0;
  /** Bytes that did not have to be sent. */
  #spared = 0;
  #wake = () => {};
  #again = false;
  /** What was fed before a cancellation is fed no further. */
  #turn = 0;
  /** Stands for all that was not found, because looking for it failed: to try it again is to begin from the start. */
  #rest: Task | undefined;
  /** Those that were found already: what failed is fed a second time. */
  readonly #known = new WeakSet<Task>();

  /** `changed` is told of what the queue does not tell: all tasks are in it, or a question is over. */
  constructor(queue: TransferQueue<Task>, tasks: Tasks, info: RowInfo, changed: () => void) {
    this.#queue = queue;
    this.#changed = changed;
    this.#tasks = tasks;
    this.info = info;
    this.batch = info.batch ?? {};
  }

  /** From the start; nothing of it is awaited. */
  begin(): void {
    const again = this.#again;
    this.#again = true;
    void this.#feed(this.#tasks(again));
  }

  get state(): RowState {
    if (this.cancelled) return "cancelled";
    const states = new Set([...this.#active.values()].map(({ state }) => state));
    const busy = this.#active.size > 0 || (this.#feeds > 0 && this.#hasRoom);
    if (this.paused && (busy || this.#feeds)) return "paused";
    for (const state of ["running", "reconnecting", "paused", "waiting"] as const)
      if (states.has(state)) return state;
    if (busy) return "running";
    if (this.questions.length) return "asking";
    return this.failures.length ? "failed" : "done";
  }

  /** Neither waits nor runs, and nothing is asked. */
  get over(): boolean {
    return /done|failed|cancelled/.test(this.state);
  }

  /** Too much has failed: the rest waits until it is tried again. */
  get stopped(): boolean {
    return this.#feeds > 0 && this.failures.length >= MOST;
  }

  /** Files in it, as far as they are known. */
  get files(): number {
    return Math.max(this.counted.files, this.#found.files);
  }

  /** Acknowledged. */
  get bytes(): number {
    let bytes = this.#bytes;
    for (const { progress } of this.#active.values()) bytes += progress.bytes;
    return bytes;
  }

  /** Nothing where it is not known. */
  get total(): number | undefined {
    const [only] = this.info.many ? [] : this.#active.values();
    const known = Math.max(this.counted.bytes, this.#found.bytes, only?.progress.total ?? 0);
    return known || this.info.size !== undefined || this.info.many || this.over ? known : undefined;
  }

  /** Bytes that were moved by this page: those of an earlier upload are not. */
  get moved(): number {
    let moved = this.#bytes - this.#spared;
    for (const { progress } of this.#active.values()) moved += progress.bytes - progress.resumed;
    return moved;
  }

  /** Seconds; nothing while it is not known. */
  get remaining(): number | undefined {
    const { total } = this;
    const { speed } = this.meter;
    return speed && total !== undefined && this.counted.complete ? (total - this.bytes) / speed : undefined;
  }

  pause(): void {
    this.paused = true;
    for (const item of this.#active.values()) this.#queue.pause(item);
  }

  resume(): void {
    this.paused = false;
    this.meter.forget();
    for (const item of this.#active.values()) this.#queue.resume(item);
    this.#wake();
  }

  cancel(): void {
    this.cancelled = true;
    this.#turn++;
    this.questions = [];
    for (const item of this.#active.values()) this.#queue.cancel(item);
    this.#wake();
  }

  /** What failed; all of it where it was cancelled. */
  retry(): void {
    const isRestLost = this.failures.some(({ task }) => task === this.#rest);
    if (this.cancelled || isRestLost) this.#restart();
    else this.#repeat();
  }

  #repeat(): void {
    const failures = this.failures;
    this.failures = [];
    this.#wake();
    void this.#feed(failures.map(({ task }) => task));
  }

  /** Goes on with a task that waited for it. */
  answer(task: Task, decision: Decision): void {
    this.questions = this.questions.filter((it) => it !== task);
    task.solve?.(decision);
    if (decision === "skip") this.#leave(task);
    else this.#start(task);
    this.#wake();
    this.#changed();
  }

  /** Takes what has ended off the queue. Returns whether there was anything. */
  settle(): boolean {
    let any = false;
    for (const [task, item] of this.#active) {
      if (!/done|failed|cancelled/.test(item.state)) continue;
      any = true;
      this.#active.delete(task);
      this.#queue.remove(item);
      this.#count(task, item);
    }
    if (any) this.#wake();
    return any;
  }

  get #hasRoom(): boolean {
    return (
      !this.paused && this.#active.size < AHEAD && this.failures.length < MOST && this.questions.length < MOST
    );
  }

  async #feed(tasks: Iterable<Task> | AsyncIterable<Task>): Promise<void> {
    const turn = this.#turn;
    this.#feeds++;
    try {
      for await (const task of tasks) {
        while (turn === this.#turn && !this.#hasRoom) await this.#roomLeft();
        if (turn !== this.#turn) break;
        this.#find(task);
        this.#start(task);
      }
    } catch (error) {
      if (turn === this.#turn) this.#lose(error);
    } finally {
      this.#feeds--;
      this.#changed();
    }
  }

  #lose(error: unknown): void {
    const start = () => {
      throw error;
    };
    this.#rest = { name: this.info.name, size: 0, start };
    this.failures = [...this.failures, { task: this.#rest, error }];
  }

  /** Resolves when something has changed about it. */
  #roomLeft(): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#wake;
      this.#wake = () => {
        this.#wake = () => {};
        others();
        resolve();
      };
    });
  }

  #find(task: Task): void {
    if (task.directory || this.#known.has(task)) return;
    this.#known.add(task);
    this.#found.files++;
    this.#found.bytes += task.size ?? 0;
  }

  #start(task: Task): void {
    const item = this.#queue.add(() => task.start(), task, task.size);
    this.#active.set(task, item);
    if (this.paused) this.#queue.pause(item);
  }

  #count(task: Task, { state, error, progress }: QueueItem<Task>): void {
    if (state === "failed") this.failures = [...this.failures, { task, error }];
    if (state !== "done") return;
    if (typeof task.outcome === "object") this.#ask(task);
    else if (task.outcome === "skipped") this.#leave(task);
    else if (!task.directory) {
      this.done++;
      this.#bytes += progress.bytes;
      this.#spared += progress.resumed;
    }
  }

  /** A row that was cancelled asks nothing. */
  #ask(task: Task): void {
    if (!this.cancelled) this.questions = [...this.questions, task];
  }

  /** What is left as it was counts as if it were there already. */
  #leave(task: Task): void {
    this.skipped++;
    this.#bytes += task.size ?? 0;
    this.#spared += task.size ?? 0;
  }

  #restart(): void {
    this.cancelled = this.paused = false;
    this.failures = [];
    this.#found = { files: 0, bytes: 0 };
    this.done = this.skipped = this.#bytes = this.#spared = 0;
    this.meter.forget();
    this.begin();
  }
}
