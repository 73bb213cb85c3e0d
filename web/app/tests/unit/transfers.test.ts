/** Rows of transfers without a page: how many are under way, and what becomes of failures and answers. */

import { Transfer } from "sftpbridge-client";
import { expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { Meter } from "../../src/transfers/meter.ts";
import type { Decision, Task } from "../../src/transfers/task.ts";
import { Transfers } from "../../src/transfers/transfers.ts";

const INFO = { kind: "upload", name: "many", folder: "/", many: true } as const;
const quick = (bytes: number) => new Transfer(async ({ report }) => report({ bytes, total: bytes }));

test("of 100,000 files only some are looked for before they are needed", async () => {
  let [found, most, over] = [0, 0, 0];
  function* tasks(): Generator<Task> {
    for (let number = 0; number < 100_000; number++) {
      found++;
      most = Math.max(most, found - over);
      yield {
        name: `${number}`,
        size: 1,
        start: () => {
          const transfer = quick(1);
          void transfer.then(() => over++);
          return transfer;
        },
      };
    }
  }
  const transfers = new Transfers();
  const row = transfers.addAll(tasks, INFO);
  await until("the end", () => row.over, 60_000);
  expect([row.done, row.bytes, row.state]).toEqual([100_000, 100_000, "done"]);
  expect(most).toBeLessThan(200);
  transfers.close();
});

test("a row stops at 1,000 failures, goes on with a retry, and has all of them", async () => {
  let broken = true;
  function* tasks(): Generator<Task> {
    for (let number = 0; number < 1500; number++)
      yield {
        name: `${number}`,
        size: 1,
        start: () => (broken ? new Transfer(() => Promise.reject(new Error("no"))) : quick(1)),
      };
  }
  const transfers = new Transfers();
  const row = transfers.addAll(tasks, INFO);
  await until("a stop", () => row.over && row.stopped);
  expect(row.state).toBe("failed");
  expect(row.failures.length).toBeLessThan(1100);
  transfers.clear();
  expect(transfers.rows.value).toEqual([row]);
  broken = false;
  transfers.retry(row);
  await until("the end", () => row.state === "done");
  expect([row.done, row.files, row.failures.length]).toEqual([1500, 1500, 0]);
  transfers.close();
});

test("a conflict holds no place, and its answer begins it again", async () => {
  const decisions: Decision[] = [];
  const conflict = { path: "/a", source: { size: 3, modified: 0 }, target: { size: 1 } };
  const task = {
    name: "a",
    size: 3,
    outcome: conflict as Task["outcome"],
    start() {
      if (decisions.length) task.outcome = undefined;
      return quick(3);
    },
    solve: (decision: Decision) => void decisions.push(decision),
  };
  const transfers = new Transfers();
  const row = transfers.addAll(() => [task], INFO);
  await until("a question", () => row.state === "asking");
  expect(row.questions).toEqual([task]);
  row.answer(task, "overwrite");
  await until("the end", () => row.state === "done");
  expect([decisions, row.done, row.bytes]).toEqual([["overwrite"], 1, 3]);
  transfers.close();
});

test("what is cancelled begins from the start when it is tried again", async () => {
  const held = () =>
    new Transfer(
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
  let again = false;
  const transfers = new Transfers();
  const row = transfers.addAll((second) => {
    again = second;
    return [1, 2, 3].map((number) => ({
      name: `${number}`,
      size: 1,
      start: () => (second ? quick(1) : held()),
    }));
  }, INFO);
  await until("it runs", () => row.state === "running");
  transfers.cancel(row);
  await until("the end", () => row.over);
  expect(row.state).toBe("cancelled");
  transfers.retry(row);
  await until("the end", () => row.state === "done");
  expect([again, row.done]).toEqual([true, 3]);
  transfers.close();
});

test("where no more can be looked for it is a failure, and another try begins from the start", async () => {
  let broken = true;
  async function* tasks(): AsyncGenerator<Task> {
    yield { name: "1", size: 1, start: () => quick(1) };
    if (broken) throw new Error("the folder cannot be read");
    yield { name: "2", size: 1, start: () => quick(1) };
  }
  const transfers = new Transfers();
  const row = transfers.addAll(tasks, INFO);
  await until("the end", () => row.over);
  expect([row.state, row.failures.length]).toEqual(["failed", 1]);
  broken = false;
  transfers.retry(row);
  await until("the end", () => row.state === "done");
  expect([row.done, row.files]).toEqual([2, 2]);
  transfers.close();
});

test("the end of the last question is told, also where nothing is left to be done; a row that was cancelled asks nothing", async () => {
  const conflict = { path: "/a", source: { size: 3, modified: 0 }, target: { size: 1 } };
  const asking = (): Task => ({ name: "a", size: 3, outcome: conflict, start: () => quick(3), solve() {} });
  const transfers = new Transfers();
  const ended: string[] = [];
  transfers.onEnd.add(({ state }) => void ended.push(state));
  const task = asking();
  const row = transfers.addAll(() => [task], INFO);
  await until("a question", () => row.state === "asking");
  row.answer(task, "skip");
  expect(ended).toEqual(["done"]);
  const other = transfers.addAll(() => [asking()], INFO);
  await until("a question", () => other.state === "asking");
  transfers.cancel(other);
  expect([ended, other.questions]).toEqual([["done", "cancelled"], []]);
  transfers.close();
});

test("speed is that of the last five seconds", () => {
  const meter = new Meter();
  for (let second = 0; second <= 10; second++) meter.note(second < 5 ? 0 : (second - 5) * 100, second * 1000);
  expect(meter.speed).toBe(100);
  meter.note(0, 11_000);
  expect(meter.speed).toBe(0);
});
