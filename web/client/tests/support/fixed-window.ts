/** A window that does not change: so many requests of so many bytes. For comparisons. */

import type { ByteWindow, Permit } from "../../src/window/window.ts";

export class FixedWindow implements ByteWindow {
  readonly size: number;
  readonly rate = 0;
  readonly minRtt = Number.POSITIVE_INFINITY;
  inFlight = 0;
  readonly #request: number;
  readonly #waiting: { bytes: number; start: () => void }[] = [];

  constructor(requests: number, requestBytes: number) {
    this.size = requests * requestBytes;
    this.#request = requestBytes;
  }

  requestSize(limit: number): number {
    return Math.min(this.#request, limit);
  }

  async reserve(bytes: number, signal?: AbortSignal): Promise<Permit> {
    await new Promise<void>((start) => {
      this.#waiting.push({ bytes, start });
      this.#next();
    });
    if (signal?.aborted) this.inFlight -= bytes;
    signal?.throwIfAborted();
    let held = true;
    const release = () => {
      if (held) this.inFlight -= bytes;
      held = false;
      this.#next();
    };
    return { bytes, sent: () => {}, delivered: release, dropped: release };
  }

  #next(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (!first || (this.inFlight > 0 && this.inFlight + first.bytes > this.size)) return;
      this.#waiting.shift();
      this.inFlight += first.bytes;
      first.start();
    }
  }
}
