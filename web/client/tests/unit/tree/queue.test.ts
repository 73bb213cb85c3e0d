import { expect, test } from "vitest";
import { Transfer } from "../../../src/transfer/transfer.ts";
import { type TransferQueue, transferQueue } from "../../../src/tree/queue.ts";
import { until } from "../../support/process.ts";
import { failOnUnhandled } from "../../support/unhandled.ts";

failOnUnhandled();

/** A transfer that ends when it is told to. */
function held(bytes = 10) {
  let finish = () => {};
  let fail = (_: unknown) => {};
  const over = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  over.catch(() => {});
  const log: string[] = [];
  const start = () =>
    new Transfer(async ({ signal, report, running }) => {
      log.push("begun");
      const stopped = new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason)),
      );
      stopped.catch(() => {});
      report({ total: bytes, bytes: bytes / 2 });
      await Promise.race([over, stopped]);
      await running();
      report({ bytes });
    });
  return { start, finish, fail, log };
}

const states = (queue: TransferQueue) => queue.items.map(({ state }) => state);
const quick = () => new Transfer(async ({ report }) => report({ bytes: 5, total: 5 }));

test("transfers begin in their order, as many at a time as there is room for; a large one takes the most", async () => {
  const queue = transferQueue<number>({ parallel: 9 });
  const sizes = [100, 100, 2 ** 30, 100, undefined];
  const all = sizes.map(() => held());
  const begun = () => all.map(({ log }) => log.length).join("");
  for (const [at, { start }] of all.entries()) queue.add(start, at, sizes[at]);
  expect(begun()).toBe("11000");
  all[0]?.finish();
  await until("the large one", () => begun() === "11100");
  all[1]?.finish();
  await until("the small one behind it", () => begun() === "11110");
  all[2]?.finish();
  await until("the one of unknown size", () => begun() === "11111");
  for (const { finish } of all) finish();
  await until("the end", () => states(queue).every((state) => state === "done"));
  expect(queue.items.map(({ label }) => label)).toEqual([0, 1, 2, 3, 4]);
});

test("failures stay, with their reason, until they are tried again or removed", async () => {
  const queue = transferQueue();
  let tries = 0;
  const why = new Error("no");
  const flaky = queue.add(
    () =>
      new Transfer(async () => {
        if (++tries < 2) throw why;
      }),
    "flaky",
  );
  const broken = queue.add(() => {
    throw why;
  }, "broken");
  queue.add(quick, "good");
  await until("the end", () => queue.figures.states.failed === 2 && queue.figures.states.done === 1);
  expect([flaky.error, broken.error]).toEqual([why, why]);
  queue.remove();
  expect(queue.items.map(({ label }) => label)).toEqual(["flaky", "broken"]);
  queue.retry();
  await until("the second try", () => flaky.state === "done" && broken.state === "failed");
  expect(flaky.error).toBe(undefined);
  queue.remove(broken);
  expect(queue.items).toEqual([flaky]);
});

test("cancelling one or all: waiting ones never begin, running ones end, and may be tried again", async () => {
  const queue = transferQueue({ parallel: 8 });
  const [a, b, c] = [held(), held(), held()];
  const items = [a, b, c].map(({ start }, at) => queue.add(start, at));
  queue.cancel(items[1]);
  expect(states(queue)).toEqual(["running", "cancelled", "waiting"]);
  queue.cancel();
  await until("the end", () => states(queue).every((state) => state === "cancelled"));
  expect(b.log.length + c.log.length).toBe(0);
  expect(items[0]?.error).toMatchObject({ name: "AbortError" });
  if (items[1]) queue.retry(items[1]);
  await until("it to begin", () => b.log.length === 1);
  b.finish();
  await until("its end", () => items[1]?.state === "done");
  expect(c.log.length).toBe(0);
});

test("a pause starts nothing and pauses what runs; afterwards all goes on", async () => {
  const queue = transferQueue({ parallel: 8 });
  const [a, b] = [held(), held()];
  queue.add(a.start, "a");
  queue.add(b.start, "b");
  queue.pause();
  a.finish();
  await until("the pause to be seen", () => states(queue)[0] === "paused");
  expect(queue.paused).toBe(true);
  expect(b.log).toEqual([]);
  queue.resume();
  await until("the second to begin", () => b.log.length === 1);
  b.finish();
  await until("the end", () => states(queue).every((state) => state === "done"));
});

test("the figures add up, and whoever subscribed hears of changes once for many", async () => {
  const queue = transferQueue();
  let told = 0;
  const unsubscribe = queue.subscribe(() => told++);
  const a = held(1000);
  queue.add(a.start, "a", 1000);
  for (let at = 0; at < 100; at++) queue.add(quick, at, 5);
  await until("the small ones", () => queue.figures.states.done === 100);
  expect(queue.figures).toMatchObject({ bytes: 500 + 500, total: 1500, states: { running: 1 } });
  expect(queue.figures.speed).toBeGreaterThan(0);
  expect(queue.figures.remaining).toBeGreaterThan(0);
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(500);
  unsubscribe();
  const before = told;
  a.finish();
  await until("the end", () => queue.figures.states.done === 101);
  expect(told).toBe(before);
  expect(queue.figures).toMatchObject({ bytes: 1500, total: 1500 });
});

test("1,000 transfers run, never more than 16 at a time", async () => {
  const queue = transferQueue();
  let now = 0;
  let most = 0;
  const start = () =>
    new Transfer(async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
    });
  for (let at = 0; at < 1000; at++) queue.add(start, at, 1);
  await until("the end", () => queue.figures.states.done === 1000);
  expect(most).toBe(16);
});

test("one alone is paused, running or not, and goes on alone", async () => {
  const queue = transferQueue({ parallel: 8 });
  const [a, b, c] = [held(), held(), held()];
  const [first, second, third] = [a, b, c].map(({ start }, at) => queue.add(start, at));
  queue.pause(second);
  queue.pause(first);
  queue.resume(first);
  queue.pause(first);
  await until("the pause", () => first?.state === "paused");
  expect([queue.paused, second?.state, third?.state]).toEqual([false, "paused", "waiting"]);
  queue.resume(first);
  a.finish();
  await until("the third", () => c.log.length === 1);
  expect([first?.state, b.log.length]).toEqual(["done", 0]);
  queue.resume(second);
  c.finish();
  b.finish();
  await until("the end", () => states(queue).every((state) => state === "done"));
});

test("what was cancelled while it waited, or while all is paused, never begins; what is added then waits", async () => {
  const queue = transferQueue({ parallel: 8 });
  const [a, b, c] = [held(), held(), held()];
  queue.add(a.start, "a");
  const paused = queue.add(b.start, "b");
  queue.pause(paused);
  queue.cancel(paused);
  queue.pause();
  const added = queue.add(c.start, "c");
  queue.remove(paused);
  a.finish();
  queue.resume();
  await until("the last", () => added.state === "running");
  expect([paused.state, b.log.length]).toEqual(["cancelled", 0]);
  queue.cancel();
  await until("the end", () => added.state === "cancelled");
  queue.remove();
  expect(queue.items).toEqual([]);
});

test("what failed or was cancelled is not among what remains", async () => {
  const queue = transferQueue();
  const a = held(1000);
  const b = held(1e9);
  const item = queue.add(b.start, "b", 1e9);
  queue.add(a.start, "a", 1000);
  await until("both to run", () => queue.figures.bytes > 500);
  const { remaining = 0, speed } = queue.figures;
  expect(remaining * speed).toBeGreaterThan(1e8);
  queue.cancel(item);
  await until("its end", () => item.state === "cancelled");
  const after = queue.figures;
  expect((after.remaining ?? 0) * after.speed).toBeLessThan(1001);
  expect(after.states).toEqual({ cancelled: 1, running: 1 });
  queue.cancel();
});

test("a second try begins at nothing", async () => {
  const queue = transferQueue();
  const a = held(1000);
  const item = queue.add(a.start, "a", 1000);
  await until("half of it", () => item.progress.bytes === 500);
  a.fail(new Error("no"));
  await until("the failure", () => item.state === "failed");
  queue.pause();
  queue.retry();
  expect(item).toMatchObject({ state: "waiting", error: undefined, progress: { bytes: 0, total: 1000 } });
  queue.cancel();
  expect(item.state).toBe("cancelled");
});
