/** One transfer as its caller sees it: a promise for the result, a stream of progress, and three switches. */

import { aborted } from "../client/wait.ts";
import { type SftpPath, shown } from "../path.ts";

export type TransferState =
  | "waiting"
  | "running"
  | "paused"
  | "reconnecting"
  | "done"
  | "failed"
  | "cancelled";

/** Where a transfer stands. Bytes are those that the receiving side has acknowledged. */
export interface Progress {
  readonly state: TransferState;
  /** Those of an earlier transfer included. */
  readonly bytes: number;
  /** Nothing where the source does not tell. */
  readonly total: number | undefined;
  /** Bytes of an earlier transfer that did not have to be sent again. */
  readonly resumed: number;
}

/**
 * A transfer cannot be done, for a reason that is not the server's. `exists`: the target is there, and may not be
 * replaced. `not-a-file`: what is there is no regular file, or the path names none. `source`: the source cannot be read as it
 * was when the transfer began. `incomplete`: the server acknowledged everything, and has something else.
 */
export class TransferError extends Error {
  override name = "TransferError";
  declare readonly code: "exists" | "not-a-file" | "source" | "incomplete";
  declare readonly path: string;

  constructor(code: TransferError["code"], path: SftpPath, what: string, options?: ErrorOptions) {
    super(`${JSON.stringify(shown(path))} ${what}`, options);
    this.code = code;
    this.path = shown(path);
  }
}

/** What the one that does the work is given. */
export interface TransferControl {
  /** Aborted by `cancel`, and by the caller's own signal. */
  readonly signal: AbortSignal;
  /** Whether nothing further is to be sent now. */
  readonly paused: boolean;
  /** Tells whoever looks. Nothing after the end. */
  report(progress: Partial<Progress>): void;
  /** Resolves at once, or when the pause is over. */
  running(): Promise<void>;
}

/**
 * Runs at once. Rejects with what went wrong, or with the signal's reason after `cancel`. Whoever does not await it hears
 * of a failure by the progress alone.
 */
export class Transfer<Result> implements PromiseLike<Result>, AsyncIterable<Progress> {
  readonly #stop = new AbortController();
  readonly #result: Promise<Result>;
  #progress: Progress = { state: "waiting", bytes: 0, total: undefined, resumed: 0 };
  /** What the state is but for the pause. */
  #state: TransferState = "waiting";
  #paused = false;
  #over = false;
  #changed = Promise.resolve();
  #wake = () => {};

  constructor(work: (control: TransferControl) => Promise<Result>, signal?: AbortSignal) {
    const stop = this.#stop.signal;
    this.#result = this.#run(work, signal ? AbortSignal.any([signal, stop]) : stop);
    this.#result.catch(() => {});
  }

  /** Where it stands now. */
  get progress(): Progress {
    return this.#progress;
  }

  /** Sends no further requests; those under way are awaited. */
  pause(): void {
    this.#paused = true;
    this.#report({});
  }

  /** Ends a pause. */
  resume(): void {
    this.#paused = false;
    this.#report({});
  }

  /** Rejects with `reason`; an AbortError without it. */
  cancel(reason?: unknown): void {
    this.#stop.abort(reason);
  }

  // biome-ignore format: one signature
  // biome-ignore lint/suspicious/noThenProperty: it is awaited like a promise
  then<A = Result, B = never>(done?: ((value: Result) => A | PromiseLike<A>) | null, failed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
    return this.#result.then(done, failed);
  }

  /** What is new since the last look, and the end. Ends without an error when the transfer fails. */
  async *[Symbol.asyncIterator](): AsyncIterator<Progress> {
    for (let last = false; !last; ) {
      const changed = this.#changed;
      last = this.#over;
      yield this.#progress;
      await (last || changed);
    }
  }

  async #run(work: (control: TransferControl) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const report = (progress: Partial<Progress>) => this.#report(progress);
    const running = async () => {
      while (this.#paused) await aborted(this.#changed, signal);
      signal.throwIfAborted();
    };
    const paused = () => this.#paused;
    let state: TransferState = "done";
    try {
      signal.throwIfAborted();
      report({ state: "running" });
      return await work({
        signal,
        report,
        running,
        get paused() {
          return paused();
        },
      });
    } catch (error) {
      state = signal.aborted ? "cancelled" : "failed";
      throw error;
    } finally {
      this.#paused = false;
      report({ state });
      this.#over = true;
    }
  }

  #report(progress: Partial<Progress>): void {
    if (this.#over) return;
    this.#state = progress.state ?? this.#state;
    this.#progress = { ...this.#progress, ...progress, state: this.#paused ? "paused" : this.#state };
    this.#wake();
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
