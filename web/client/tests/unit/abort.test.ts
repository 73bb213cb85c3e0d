import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { onAbort } from "../../src/abort.ts";
import { Type } from "../../src/codec/numbers.ts";
import * as requests from "../../src/codec/request.ts";
import { Session } from "../../src/session/session.ts";
import { FakeServer } from "../support/fake-server.ts";
import { failOnUnhandled } from "../support/unhandled.ts";

failOnUnhandled();

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

test("however many wait by one signal, it has one listener, and none when the last is done", () => {
  const abort = new AbortController();
  const told: unknown[] = [];
  const offs = Array.from({ length: 100 }, (_, index) =>
    onAbort(abort.signal, (reason) => told.push([index, reason])),
  );
  expect(listeners(abort.signal)).toBe(1);
  for (const off of offs.slice(0, 98)) off();
  offs[0]?.();
  expect(listeners(abort.signal)).toBe(1);
  abort.abort("enough");
  expect(told).toEqual([
    [98, "enough"],
    [99, "enough"],
  ]);
  for (const off of offs) off();
  expect(listeners(abort.signal)).toBe(0);
});

test("who is done because another was told of the abort is not told, and the rest are", () => {
  const abort = new AbortController();
  const told: string[] = [];
  onAbort(abort.signal, () => {
    told.push("first");
    second();
  });
  const second = onAbort(abort.signal, () => told.push("second"));
  onAbort(abort.signal, () => told.push("third"));
  abort.abort();
  expect(told).toEqual(["first", "third"]);
});

test("a signal without listeners can be listened to again, and one that does not exist is fine", () => {
  const abort = new AbortController();
  onAbort(abort.signal, () => expect.unreachable())();
  let told = 0;
  onAbort(abort.signal, () => told++);
  onAbort(undefined, () => expect.unreachable())();
  abort.abort();
  expect(told).toBe(1);
});

test("many requests with one signal are no reason for a warning", async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on("warning", warned);
  const session = await Session.open(new FakeServer().connect());
  const { signal } = new AbortController();
  const stat = () => session.request(requests.stat("/"), Type.ATTRS, { operation: "stat", signal });
  const all = Promise.all(Array.from({ length: 64 }, stat));
  expect(listeners(signal)).toBe(1);
  await all;
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", warned);
  expect([warnings, listeners(signal)]).toEqual([[], 0]);
  session.close();
});
