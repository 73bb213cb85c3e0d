/** Transfers that wait for their turn, and what became of them. */

import type { Progress, Transfer, TransferState } from "../transfer/transfer.ts";

/** How many transfers at a time. */
export interface QueueOptions {
  /** Small transfers at a time: each costs several round trips. 16 without it. */
  readonly small?: number;
  /** Others at a time; 2 without it. */
  readonly large?: number;
  /** Up to so many bytes a transfer is a small one; 1 MiB without it. */
  readonly smallBytes?: number;
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
  /** Bytes a second in the last five seconds. */
  readonly speed: number;
  /** Seconds until none waits or runs; nothing while it is not known. */
  readonly remaining: number | undefined;
  /** How many transfers are in which state. */
  readonly states: Readonly<Partial<Record<TransferState, number>>>;
}

/** Starts transfers in the order in which they came, small ones and large ones each in their own. */
export interface TransferQueue<Label = unknown> {
  readonly items: readonly QueueItem<Label>[];
  readonly paused: boolean;
  readonly figures: QueueFigures;
  /** `start` is called when its turn comes, and again for each `retry`. `size` decides among which it waits. */
  add(start: () => Transfer<unknown>, label: Label, size?: number): QueueItem<Label>;
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
  readonly start: () => Transfer<unknown>;
  readonly size: number | undefined;
  readonly lane: Lane<Label>;
  state: TransferState;
  progress: Progress;
  error: unknown;
  /** While it runs. */
  transfer?: Transfer<unknown> | undefined;
}

interface Lane<Label> {
  /** How many more may run. */
  free: number;
  /** Those whose state is another are passed over. */
  readonly waiting: Set<Item<Label>>;
}

/** Waiting, running, reconnecting, or paused: not over. */
const ACTIVE = /ing|paused/;

/** Counts bytes, and gives how many they are a second, in the last five seconds at most. */
function meter(): (bytes: number) => number {
  const begin = () => ({ time: performance.now(), bytes: 0 });
  let [before, current] = [begin(), begin()];
  return (bytes) => {
    const now = begin();
    const age = now.time - current.time;
    if (age > 2500) {
      before = age > 5000 ? now : current;
      current = begin();
    }
    current.bytes += bytes;
    return ((before.bytes + current.bytes) * 1000) / Math.max(100, now.time - before.time);
  };
}

export function transferQueue<Label = unknown>({
  small = 16,
  large = 2,
  smallBytes = 2 ** 20,
}: QueueOptions = {}): TransferQueue<Label> {
  const items = new Set<Item<Label>>();
  const listeners = new Set<() => void>();
  const lanes = [small, large].map((free): Lane<Label> => ({ free, waiting: new Set() }));
  const move = meter();
  let paused = false;
  let telling = false;

  const changed = () => {
    if (telling) return;
    telling = true;
    queueMicrotask(() => {
      telling = false;
      for (const listener of listeners) listener();
    });
  };

  const next = () => {
    for (const lane of lanes)
      for (const item of lane.waiting) {
        if (paused || !lane.free) break;
        lane.waiting.delete(item);
        if (item.state === "waiting") run(item);
      }
    changed();
  };

  const wait = (item: Item<Label>) => {
    item.state = "waiting";
    item.progress = { state: "waiting", bytes: 0, total: item.size, resumed: 0 };
    item.error = undefined;
    item.lane.waiting.add(item);
  };

  const run = async (item: Item<Label>) => {
    const { lane } = item;
    lane.free--;
    item.state = "running";
    let moved = 0;
    let transfer: Transfer<unknown> | undefined;
    try {
      transfer = item.transfer = item.start();
      for await (const progress of transfer) {
        const { state, bytes, resumed, total = item.size } = progress;
        move(Math.max(0, bytes - resumed - moved));
        moved = bytes - resumed;
        item.progress = { ...progress, total };
        // The end comes below, with its reason.
        if (ACTIVE.test(state)) item.state = state;
        changed();
      }
      await transfer;
      item.state = "done";
    } catch (error) {
      item.state = transfer?.progress.state === "cancelled" ? "cancelled" : "failed";
      item.error = error;
    }
    item.transfer = undefined;
    lane.free++;
    next();
  };

  type Task = (item: Item<Label>) => unknown;
  /** Tells what runs, and does the task with what does not. */
  const each = (
    item: unknown,
    states: RegExp,
    task: Task,
    tell: "pause" | "resume" | "cancel" = "cancel",
  ) => {
    for (const it of items)
      if ((!item || it === item) && states.test(it.state))
        if (it.transfer) it.transfer[tell]();
        else task(it);
    next();
  };
  const become = (state: TransferState) => (item: Item<Label>) => {
    item.state = state;
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
      const lane = lanes[Number(size) <= smallBytes ? 0 : 1];
      const item = { label, start, size, lane } as Item<Label>;
      items.add(item);
      wait(item);
      next();
      return item;
    },
    pause(item) {
      paused ||= !item;
      each(item, ACTIVE, item ? become("paused") : () => {}, "pause");
    },
    resume(item) {
      paused &&= !!item;
      each(item, ACTIVE, wait, "resume");
    },
    cancel: (item) => each(item, ACTIVE, become("cancelled")),
    retry: (item) => each(item, item ? /failed|cancelled/ : /failed/, wait),
    remove: (item) => each(item, item ? /done|cancelled|failed/ : /done|cancelled/, (it) => items.delete(it)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
