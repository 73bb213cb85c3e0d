/** Transfers that wait for their turn, and what became of them. */

import type { Progress, Transfer, TransferState } from "../transfer/transfer.ts";

/** A transfer, here or in a worker. */
export type AnyTransfer = Pick<Transfer<unknown>, keyof Transfer<unknown>>;

/** How many transfers at a time. */
export interface QueueOptions {
  /** Small ones, of up to 1 MiB: each costs several round trips. One that is larger, or of unknown size, counts as 8. 16 without it. */
  readonly parallel?: number;
}

/** A transfer in the queue. */
export interface QueueItem<Label = unknown> {
  /** What the caller put on it. */
  readonly label: Label;
  /** `waiting` until its turn comes. */
  readonly state: TransferState;
  /** Of the last try. */
  readonly progress: Progress;
  /** Why it failed or was cancelled. */
  readonly error: unknown;
}

/** All of the queue together. */
export interface QueueFigures {
  /** Acknowledged so far. */
  readonly bytes: number;
  /** As far as sizes are known. */
  readonly total: number;
  /** Bytes a second, as they were in the last seconds. */
  readonly speed: number;
  /** Seconds until none waits or runs; nothing while it is not known. */
  readonly remaining: number | undefined;
  /** How many transfers are in which state. */
  readonly states: Readonly<Partial<Record<TransferState, number>>>;
}

/** Starts transfers in the order in which they came. */
export interface TransferQueue<Label = unknown> {
  readonly items: readonly QueueItem<Label>[];
  readonly paused: boolean;
  readonly figures: QueueFigures;
  /** `start` is called when its turn comes, and again for each `retry`. `size` is shown until it tells. */
  add(start: () => AnyTransfer, label: Label, size?: number): QueueItem<Label>;
  /** One, or all: then none is started either. */
  pause(item?: QueueItem<Label>): void;
  resume(item?: QueueItem<Label>): void;
  /** One, or all that have not ended. */
  cancel(item?: QueueItem<Label>): void;
  /** One that failed or was cancelled, or all that failed: again, behind those that wait. */
  retry(item?: QueueItem<Label>): void;
  /** One that has ended, or all that were done or cancelled: failures stay until they are removed. */
  remove(item?: QueueItem<Label>): void;
  /** Called some time after anything has changed, once for many changes. Gives what ends it. */
  subscribe(listener: () => void): () => void;
}

interface Item<Label> extends QueueItem<Label> {
  readonly start: () => AnyTransfer;
  readonly size: number | undefined;
  /** Of `parallel`. */
  readonly cost: number;
  state: TransferState;
  progress: Progress;
  error: unknown;
  /** While it runs. */
  transfer?: AnyTransfer | undefined;
}

const SMALL = 2 ** 20;
const LARGE_COST = 8;

/** Waiting, running, reconnecting, or paused: not over. */
const ACTIVE = /ing|paused/;

/** Counts bytes, and gives how many they are a second. What is longer ago than five seconds counts for little. */
function meter(): (bytes: number) => number {
  let [last, bytes, seconds] = [performance.now(), 0, 0];
  return (more) => {
    const now = performance.now();
    const fade = Math.exp((last - now) / 5000);
    [last, bytes, seconds] = [now, bytes * fade + more, seconds * fade + 5 * (1 - fade)];
    return bytes / Math.max(0.1, seconds);
  };
}

export function transferQueue<Label = unknown>({ parallel = 16 }: QueueOptions = {}): TransferQueue<Label> {
  const items = new Set<Item<Label>>();
  /** Those whose state is another by now are passed over. */
  const waiting = new Set<Item<Label>>();
  const listeners = new Set<() => void>();
  const move = meter();
  let free = parallel;
  let paused = false;
  let telling = false;

  const changed = () => {
    if (telling) return;
    telling = true;
    setTimeout(() => {
      telling = false;
      for (const listener of listeners) listener();
    });
  };

  const next = () => {
    for (const item of waiting) {
      if (paused || free < item.cost) break;
      waiting.delete(item);
      if (item.state === "waiting") run(item);
    }
    changed();
  };

  const set = (item: Item<Label>, progress: Progress) => {
    item.progress = progress;
    item.state = progress.state;
    changed();
  };

  const become = (item: Item<Label>, state: TransferState) => set(item, { ...item.progress, state });

  const wait = (item: Item<Label>) => {
    set(item, { state: "waiting", bytes: 0, total: item.size, resumed: 0 });
    item.error = undefined;
    waiting.add(item);
  };

  const run = async (item: Item<Label>) => {
    free -= item.cost;
    become(item, "running");
    let before = 0;
    try {
      item.transfer = item.start();
      for await (const progress of item.transfer) {
        const { bytes, resumed, total = item.size } = progress;
        move(Math.max(0, bytes - resumed - before));
        before = bytes - resumed;
        set(item, { ...progress, total });
      }
      await item.transfer;
    } catch (error) {
      item.error = error;
      // It could not even begin.
      if (ACTIVE.test(item.state)) become(item, "failed");
    }
    item.transfer = undefined;
    free += item.cost;
    next();
  };

  /** One, or all, whose state is such. */
  const each = (item: unknown, states: RegExp, task: (item: Item<Label>) => unknown) => {
    for (const it of items) if ((!item || it === item) && states.test(it.state)) task(it);
    next();
  };

  return {
    get items() {
      return [...items];
    },
    get paused() {
      return paused;
    },
    get figures() {
      let [bytes, total, left] = [0, 0, 0];
      const states: Partial<Record<TransferState, number>> = {};
      for (const { state, progress } of items) {
        const size = progress.total ?? progress.bytes;
        states[state] = (states[state] ?? 0) + 1;
        bytes += progress.bytes;
        total += size;
        if (ACTIVE.test(state)) left += size - progress.bytes;
      }
      const speed = move(0);
      return { bytes, total, speed, remaining: speed ? left / speed : undefined, states };
    },
    add(start, label, size) {
      const cost = Number(size) <= SMALL ? 1 : Math.min(parallel, LARGE_COST);
      const item = { label, start, size, cost } as Item<Label>;
      items.add(item);
      wait(item);
      next();
      return item;
    },
    pause(item) {
      paused ||= !item;
      each(item, ACTIVE, (it) => (it.transfer ? it.transfer.pause() : item && become(it, "paused")));
    },
    resume(item) {
      paused &&= !!item;
      each(item, ACTIVE, (it) => (it.transfer ? it.transfer.resume() : wait(it)));
    },
    cancel: (item) =>
      each(item, ACTIVE, (it) => (it.transfer ? it.transfer.cancel() : become(it, "cancelled"))),
    retry: (item) => each(item, item ? /failed|cancelled/ : /failed/, wait),
    remove: (item) => each(item, item ? /done|cancelled|failed/ : /done|cancelled/, (it) => items.delete(it)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
