import { expect, test } from "vitest";
import type { Direction } from "../../../src/window/shared.ts";
import { SimulatedPath, SimulatedTransfer } from "../../support/simulated-path.ts";

const MEBIBYTE = 1 << 20;
const median = (sorted: number[]) => sorted[sorted.length >> 1] ?? Number.POSITIVE_INFINITY;

/** The part of the link that transfers used over a time. */
async function used(
  path: SimulatedPath,
  seconds: number,
  ...transfers: SimulatedTransfer[]
): Promise<number> {
  const moved = () => transfers.reduce((sum, transfer) => sum + transfer.moved, 0);
  const before = moved();
  await path.run(seconds * 1000);
  return ((moved() - before) * 8) / seconds / path.conditions.rate;
}

const PATHS = [
  { rate: 2e6, rtt: 20 },
  { rate: 2e6, rtt: 300 },
  { rate: 10e6, rtt: 5 },
  { rate: 10e6, rtt: 40 },
  { rate: 50e6, rtt: 100 },
  { rate: 100e6, rtt: 20 },
  { rate: 400e6, rtt: 200 },
  { rate: 1e9, rtt: 100 },
  { rate: 3e9, rtt: 0.3 },
];

for (const direction of ["read", "write"] as Direction[])
  for (const initialWindow of [0, 14_480])
    test.each(PATHS)(
      `${direction}s fill $rate bit/s and $rtt ms, and others wait 100 ms at most (${initialWindow})`,
      async (conditions) => {
        const path = new SimulatedPath({ ...conditions, jitter: 10, initialWindow });
        const transfer = new SimulatedTransfer(path, direction);
        await path.run(5000);
        expect(await used(path, 5, transfer)).toBeGreaterThan(0.92);
        expect(median(await path.stats(3000))).toBeLessThan(conditions.rtt + 120);
        expect(path.peak).toBeLessThanOrEqual(16 * MEBIBYTE);
      },
    );

test.each([10e6, 50e6])(
  "the start is no longer queue than two round trips and a little, at %d bit/s",
  async (rate) => {
    const path = new SimulatedPath({ rate, rtt: 100 });
    new SimulatedTransfer(path, "write");
    await path.run(5000);
    expect((path.peak * 8000) / rate).toBeLessThan(6 * 100);
  },
);

test("a path that becomes slower has a short queue again within seconds", async () => {
  const path = new SimulatedPath({ rate: 100e6, rtt: 40 });
  const transfer = new SimulatedTransfer(path, "write");
  await path.run(4000);
  path.conditions = { rate: 10e6, rtt: 40 };
  await path.run(4000);
  expect(await used(path, 3, transfer)).toBeGreaterThan(0.9);
  expect(median(await path.stats(2000))).toBeLessThan(40 + 100);
});

test("a path that becomes faster is filled within seconds", async () => {
  const path = new SimulatedPath({ rate: 10e6, rtt: 100 });
  const transfer = new SimulatedTransfer(path, "read");
  await path.run(4000);
  path.conditions = { rate: 200e6, rtt: 100 };
  await path.run(3000);
  expect(await used(path, 3, transfer)).toBeGreaterThan(0.92);
});

test.each([
  [40, 90],
  [40, 240],
  [20, 400],
  [200, 20],
])("a path of %d ms that has %d ms from now on is filled as before", async (rtt, later) => {
  const path = new SimulatedPath({ rate: 50e6, rtt });
  const transfer = new SimulatedTransfer(path, "read");
  await path.run(5000);
  path.conditions = { rate: 50e6, rtt: later };
  await path.run(10_000);
  expect(await used(path, 4, transfer)).toBeGreaterThan(0.9);
  expect(median(await path.stats(3000))).toBeLessThan(later + 100);
  expect(Math.abs(path.windows.read.minRtt - later)).toBeLessThan(15);
});

test("looking at the length of the path costs next to nothing", async () => {
  const path = new SimulatedPath({ rate: 100e6, rtt: 200 });
  const transfer = new SimulatedTransfer(path, "write");
  await path.run(6000);
  const probes = path.probes;
  expect(await used(path, 60, transfer)).toBeGreaterThan(0.97);
  expect(path.probes - probes).toBeGreaterThan(4);
  expect(path.probes - probes).toBeLessThan(9);
});

test("two transfers get the same, also when one came later", async () => {
  const path = new SimulatedPath({ rate: 20e6, rtt: 60 });
  const first = new SimulatedTransfer(path, "write");
  await path.run(3000);
  const second = new SimulatedTransfer(path, "write");
  await path.run(500);
  const before = [first.moved, second.moved] as const;
  await path.run(5000);
  const ratio = (first.moved - before[0]) / (second.moved - before[1]);
  expect(ratio).toBeGreaterThan(0.85);
  expect(ratio).toBeLessThan(1.15);
});

test.each([
  [30e6, 50],
  [10e6, 40],
  [100e6, 2],
])("both directions are used at once at %d bit/s and %d ms, and nobody waits longer", async (rate, rtt) => {
  const path = new SimulatedPath({ rate, rtt, jitter: 5 });
  const write = new SimulatedTransfer(path, "write");
  await path.run(3000);
  const read = new SimulatedTransfer(path, "read");
  await path.run(6000);
  const before = [read.moved, write.moved];
  expect(await used(path, 20, write, read)).toBeGreaterThan(1.5);
  for (const [at, { moved }] of [read, write].entries())
    expect(((moved - (before[at] ?? 0)) * 8) / 20 / rate).toBeGreaterThan(0.6);
  expect(median(await path.stats(3000))).toBeLessThan(rtt + 120);
  expect(path.windows.read.minRtt).toBeLessThan(rtt + 30);
});

test("after a path that stood still for seconds all is as before", async () => {
  const path = new SimulatedPath({ rate: 50e6, rtt: 80 });
  const transfer = new SimulatedTransfer(path, "write");
  await path.run(4000);
  path.stalledUntil = path.now + 6000;
  await path.run(6000);
  await path.run(4000);
  expect(await used(path, 4, transfer)).toBeGreaterThan(0.92);
  expect(median(await path.stats(2000))).toBeLessThan(80 + 120);
});

test("a transfer that asks for little does not lower what the path is known to hold", async () => {
  const path = new SimulatedPath({ rate: 50e6, rtt: 80 });
  const fast = new SimulatedTransfer(path, "read");
  await path.run(4000);
  const { size } = path.windows.read;
  fast.stop();
  const slow = new SimulatedTransfer(path, "read", 100);
  await path.run(30_000);
  expect(path.windows.read.size).toBeGreaterThan(size * 0.9);
  slow.stop();
  const again = new SimulatedTransfer(path, "read");
  expect(await used(path, 2, again)).toBeGreaterThan(0.9);
});

test("requests hold 16 ms of data, in steps of 8 KiB up to the limit", async () => {
  for (const [rate, bytes] of [
    [2e6, 8192],
    [10e6, 16_384],
    [50e6, 98_304],
    [400e6, 261_120],
  ] as const) {
    const path = new SimulatedPath({ rate, rtt: 20 });
    expect(path.windows.read.requestSize(261_120)).toBe(32_768);
    expect(path.windows.read.requestSize(1000)).toBe(1000);
    new SimulatedTransfer(path, "read");
    await path.run(5000);
    expect(path.windows.read.requestSize(261_120)).toBe(bytes);
  }
});

test("rate, round trip and size are there to be shown", async () => {
  const path = new SimulatedPath({ rate: 40e6, rtt: 70 });
  const { write } = path.windows;
  expect([write.rate, write.minRtt]).toEqual([0, Number.POSITIVE_INFINITY]);
  new SimulatedTransfer(path, "write");
  await path.run(5000);
  expect(write.rate / 5e3).toBeGreaterThan(0.95);
  expect(write.rate / 5e3).toBeLessThan(1.2);
  expect(write.minRtt).toBeGreaterThanOrEqual(70);
  expect(write.minRtt).toBeLessThan(75);
  expect(write.size / (5e6 * 0.12)).toBeGreaterThan(0.9);
});
