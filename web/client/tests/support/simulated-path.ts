/** A path with a virtual clock: transfers through a window over a bottleneck each way, without waiting for anything. */

import { type AdaptiveWindow, adaptiveWindows } from "../../src/window/adaptive.ts";
import type { Direction } from "../../src/window/shared.ts";

export interface Conditions {
  /** Milliseconds, both ways together. */
  rtt: number;
  /** Bits per second, each way. */
  rate: number;
  /** Milliseconds that the server takes for a request, at random up to this. */
  jitter?: number;
  /** Bytes of TCP's first congestion window; doubles each round trip. */
  initialWindow?: number;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** What a request weighs beside its data. */
const HEADER = 60;

export class SimulatedPath {
  now = 0;
  conditions: Conditions;
  readonly windows: Readonly<Record<Direction, AdaptiveWindow>>;
  /** Every probe that went out. */
  probes = 0;
  /** The most bytes that were under way. */
  peak = 0;
  /** When a stalled path goes on. */
  stalledUntil = 0;
  readonly #events: Event[] = [];
  #order = 0;
  #busyUntil = { up: 0, down: 0 };
  #arrived = { up: 0, down: 0 };
  #congestionWindow = { up: 0, down: 0 };
  #random = 1;

  constructor(conditions: Conditions) {
    this.conditions = conditions;
    this.windows = adaptiveWindows(
      () => {
        this.probes++;
        return this.#roundTrip(HEADER, HEADER);
      },
      () => this.now,
    );
  }

  /** Lets time pass, and everything happen that is due in it. */
  async run(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    await settle();
    for (;;) {
      const next = this.#events[0];
      if (!next || next.at > end) break;
      this.#events.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
      await settle();
      const { read, write } = this.windows;
      this.peak = Math.max(this.peak, read.inFlight + write.inFlight);
    }
    this.now = end;
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#at(this.now + milliseconds, resolve));
  }

  /** How long a `stat` takes now. */
  async stat(): Promise<number> {
    const sent = this.now;
    await this.#roundTrip(HEADER, HEADER);
    return this.now - sent;
  }

  /** A request of so many bytes of data, and its response. */
  request(direction: Direction, bytes: number): Promise<void> {
    return direction === "write"
      ? this.#roundTrip(bytes + HEADER, HEADER)
      : this.#roundTrip(HEADER, bytes + HEADER);
  }

  /** Median of `stat`s over a time, one each 200 ms. */
  async stats(milliseconds: number): Promise<number[]> {
    const times: number[] = [];
    for (let at = 0; at < milliseconds; at += 200) {
      this.stat().then((took) => times.push(took));
      await this.run(200);
    }
    return times.sort((a, b) => a - b);
  }

  #at(at: number, run: () => void): void {
    const event = { at, order: this.#order++, run };
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#events[middle] as Event;
      if (other.at < at || (other.at === at && other.order < event.order)) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  async #roundTrip(up: number, down: number): Promise<void> {
    await this.#cross("up", up);
    this.#random = (this.#random * 16807) % 2147483647;
    const { jitter = 0 } = this.conditions;
    if (jitter) await this.wait((this.#random / 2147483647) * jitter);
    await this.#cross("down", down);
  }

  #cross(way: "up" | "down", bytes: number): Promise<void> {
    const { rate, rtt, initialWindow } = this.conditions;
    let speed = rate / 8000;
    if (initialWindow) {
      // TCP sends no more than its congestion window a round trip, which grows by what arrives.
      this.#congestionWindow[way] ||= initialWindow;
      speed = Math.min(speed, this.#congestionWindow[way] / rtt);
    }
    const start = Math.max(this.now, this.#busyUntil[way], this.stalledUntil);
    this.#busyUntil[way] = start + bytes / speed;
    this.#arrived[way] = Math.max(this.#busyUntil[way] + rtt / 2, this.#arrived[way]);
    this.#at(this.#arrived[way] + rtt / 2, () => {
      this.#congestionWindow[way] += bytes;
    });
    return new Promise((resolve) => this.#at(this.#arrived[way], resolve));
  }
}

/** A transfer without an end. */
export class SimulatedTransfer {
  moved = 0;
  requests = 0;
  readonly #path: SimulatedPath;
  readonly #abort = new AbortController();

  /** `pause`: milliseconds that its source or sink takes for each request. */
  constructor(path: SimulatedPath, direction: Direction, pause = 0) {
    this.#path = path;
    this.#run(direction, pause).catch(() => {});
  }

  stop(): void {
    this.#abort.abort();
  }

  async #run(direction: Direction, pause: number): Promise<void> {
    const path = this.#path;
    const window = path.windows[direction];
    for (;;) {
      const permit = await window.reserve(window.requestSize(261_120), this.#abort.signal);
      permit.sent();
      this.requests++;
      path.request(direction, permit.bytes).then(() => {
        permit.delivered(permit.bytes);
        this.moved += permit.bytes;
      });
      if (pause) await path.wait(pause);
    }
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) await undefined;
}
