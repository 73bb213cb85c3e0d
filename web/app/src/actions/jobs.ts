/** Actions that may take long: how far they are, and the way to stop them. */

import { type ReadonlySignal, signal } from "@preact/signals";
import { ConnectionError } from "sftpbridge-client";
import { say } from "../ui/notices.tsx";
import { commandWords } from "./command-words.ts";

/** Milliseconds after which it is shown: most are done before. */
const PATIENCE = 400;

let last = 0;

/** One action under way. */
export class Job {
  readonly id = ++last;
  readonly title: string;
  /** How far it is, in words. */
  readonly detail = signal("");
  /** From 0 to 1; nothing where the end is not known. */
  readonly fraction = signal<number | undefined>(undefined);
  readonly #stop = new AbortController();

  constructor(title: string) {
    this.title = title;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  stop(): void {
    this.#stop.abort();
  }
}

export class Jobs {
  readonly #shown = signal<readonly Job[]>([]);
  readonly #running = new Set<Job>();
  readonly #lost: () => void;
  #isOver = false;
  /** Those that have taken long enough to be shown. */
  readonly shown: ReadonlySignal<readonly Job[]> = this.#shown;

  /** `lost` is told where the connection was lost: what was under way may be done all the same. */
  constructor(lost: () => void) {
    this.#lost = lost;
  }

  get active(): boolean {
    return this.#running.size > 0;
  }

  /** Rejects as `work` does. Where the person stopped it, that is said, and there is no result. */
  async run<Result>(title: string, work: (job: Job) => Promise<Result>): Promise<Result | undefined> {
    const job = new Job(title);
    this.#running.add(job);
    const timer = setTimeout(() => {
      this.#shown.value = [...this.#shown.value, job];
    }, PATIENCE);
    try {
      return await work(job);
    } catch (error) {
      if (error instanceof ConnectionError && error.retryable) this.#lost();
      if (!job.signal.aborted) throw error;
      if (!this.#isOver) say(commandWords().stopped(title));
      return undefined;
    } finally {
      clearTimeout(timer);
      this.#running.delete(job);
      this.#shown.value = this.#shown.value.filter((it) => it !== job);
    }
  }

  /** At the end of the login: whoever is at the page then is not told what it was. */
  stop(): void {
    this.#isOver = true;
    for (const job of this.#running) job.stop();
  }
}
