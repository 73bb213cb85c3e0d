import { beforeEach, expect, test } from "vitest";
import { type AdaptiveWindow, type AdaptiveWindows, adaptiveWindows } from "../../../src/window/adaptive.ts";
import type { Permit } from "../../../src/window/window.ts";

let now = 0;
let window: AdaptiveWindow;
let other: AdaptiveWindow;
let path: AdaptiveWindows;
let probes = 0;

const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  now = 0;
  probes = 0;
  path = adaptiveWindows(
    async () => {
      probes++;
    },
    () => now,
  );
  window = path.read;
  other = path.write;
});

/** Reserves and says in which order it was let go on. */
function waiting(bytes: number[], signal?: AbortSignal): { permits: Permit[]; failed: unknown[] } {
  const permits: Permit[] = [];
  const failed: unknown[] = [];
  for (const it of bytes)
    window.reserve(it, signal).then(
      (permit) => permits.push(permit),
      (error) => failed.push(error),
    );
  return { permits, failed };
}

test("who comes first goes first, and a large request is not overtaken", async () => {
  const first = await window.reserve(40_000);
  const { permits } = waiting([60_000, 1000, 2000]);
  await settle();
  expect(permits).toEqual([]);
  first.dropped();
  await settle();
  expect(permits.map(({ bytes }) => bytes)).toEqual([60_000, 1000, 2000]);
  expect(window.inFlight).toBe(63_000);
});

test("a request larger than the window goes alone", async () => {
  const small = await window.reserve(1000);
  const { permits } = waiting([200_000, 1000]);
  await settle();
  expect(permits).toEqual([]);
  small.delivered(1000);
  await settle();
  expect(permits.map(({ bytes }) => bytes)).toEqual([200_000]);
  permits[0]?.dropped();
  await settle();
  expect(permits).toHaveLength(2);
});

test("room is given back once, however often it is said", async () => {
  const one = await window.reserve(30_000);
  await window.reserve(30_000);
  one.delivered(30_000);
  one.dropped();
  one.delivered(30_000);
  expect(window.inFlight).toBe(30_000);
  expect(path.read.inFlight + path.write.inFlight).toBe(30_000);
});

test("an abort ends the wait with its reason, and lets those behind go on", async () => {
  await window.reserve(60_000);
  const abort = new AbortController();
  const gone = waiting([50_000], abort.signal);
  const behind = waiting([2000]);
  await settle();
  expect(behind.permits).toEqual([]);
  abort.abort("enough");
  await settle();
  expect(gone.failed).toEqual(["enough"]);
  expect(behind.permits).toHaveLength(1);
  await expect(window.reserve(1, abort.signal)).rejects.toBe("enough");
});

test("no listener is left at the caller's signal", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener: add, removeEventListener: remove } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners++;
    add.apply(signal, args as Parameters<typeof add>);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    remove.apply(signal, args as Parameters<typeof remove>);
  };
  const { permits } = waiting([60_000, 60_000, 60_000], signal);
  for (let i = 0; i < 3; i++) {
    await settle();
    permits[i]?.dropped();
  }
  expect(permits).toHaveLength(3);
  expect(listeners).toBe(0);
});

test("a storm of aborts loses no room", async () => {
  for (let round = 0; round < 200; round++) {
    const abort = new AbortController();
    const kept = waiting([20_000, 20_000]);
    const lost = waiting(Array(20).fill(20_000), abort.signal);
    await settle();
    abort.abort();
    await settle();
    for (const permit of [...kept.permits, ...lost.permits]) permit.dropped();
    await settle();
    for (const permit of kept.permits) permit.dropped();
    expect(kept.permits).toHaveLength(2);
    expect(lost.permits.length + lost.failed.length).toBe(20);
  }
  expect(window.inFlight).toBe(0);
  expect(path.read.inFlight + path.write.inFlight).toBe(0);
});

test("the end of the session ends every wait, and there are no further ones", async () => {
  const held = await window.reserve(60_000);
  const { failed } = waiting([60_000, 60_000]);
  const end = new Error("lost");
  path.end(end);
  await settle();
  expect(failed).toEqual([end, end]);
  await expect(other.reserve(1)).rejects.toBe(end);
  held.dropped();
  expect(path.read.inFlight + path.write.inFlight).toBe(0);
});

test("the two directions have 16 MiB together, and neither starves", async () => {
  const all = 16 << 20;
  window.size = other.size = all;
  const mine = await window.reserve(all - 1000);
  const theirs = await other.reserve(all);
  const { permits } = waiting([1000]);
  await settle();
  expect(permits).toEqual([]);
  theirs.dropped();
  await settle();
  expect(permits).toHaveLength(1);
  mine.dropped();
});

test("a probe goes out before the first bytes, and one that fails changes nothing", async () => {
  await window.reserve(1000);
  expect(probes).toBe(1);
  const failing = adaptiveWindows(() => Promise.reject(new Error("lost")));
  await failing.read.reserve(1000);
  await settle();
  expect(failing.read.minRtt).toBe(Number.POSITIVE_INFINITY);
});

test("a clock that stands still makes no rate", async () => {
  for (let i = 0; i < 1000; i++) {
    const permit = await window.reserve(32_768);
    permit.sent();
    permit.delivered(32_768);
  }
  expect(Number.isFinite(window.rate)).toBe(true);
  expect(window.size).toBeLessThanOrEqual(16 << 20);
});
