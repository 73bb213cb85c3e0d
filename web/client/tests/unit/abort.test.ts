import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { abortable } from "../../src/abort.ts";
import { Type } from "../../src/codec/numbers.ts";
import * as requests from "../../src/codec/request.ts";
import { Session } from "../../src/session/session.ts";
import { FakeServer } from "../support/fake-server.ts";
import { failOnUnhandled } from "../support/unhandled.ts";

failOnUnhandled();

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

test("however many wait by one signal, it has one listener, and none when the last is done", async () => {
  const abort = new AbortController();
  const ends: (() => void)[] = [];
  const waits = Array.from({ length: 100 }, () =>
    abortable<void>(abort.signal, (resolve) => void ends.push(resolve)),
  );
  const told = Promise.allSettled(waits);
  expect(listeners(abort.signal)).toBe(1);
  for (const end of ends.slice(0, 98)) end();
  await Promise.all(waits.slice(0, 98));
  expect(listeners(abort.signal)).toBe(1);
  abort.abort("enough");
  expect((await told).slice(97)).toEqual([
    { status: "fulfilled", value: undefined },
    { status: "rejected", reason: "enough" },
    { status: "rejected", reason: "enough" },
  ]);
  expect(listeners(abort.signal)).toBe(0);
});

test("what came before the abort counts, in the same turn, too", async () => {
  const abort = new AbortController();
  let end = (_: string) => {};
  const first = abortable<string>(abort.signal, (resolve) => {
    end = resolve;
  });
  const second = abortable(abort.signal, () => {});
  end("in time");
  abort.abort("enough");
  expect(await first).toBe("in time");
  await expect(second).rejects.toBe("enough");
});

test("a signal that was aborted before begins nothing; one without waits can be waited by again, and so can none", async () => {
  await expect(abortable(AbortSignal.abort("before"), () => expect.unreachable())).rejects.toBe("before");
  const abort = new AbortController();
  await abortable<void>(abort.signal, (resolve) => resolve());
  const again = abortable(abort.signal, () => {});
  const thrown = abortable(abort.signal, () => {
    throw new Error("thrown");
  });
  await expect(thrown).rejects.toThrow("thrown");
  expect(await abortable<number>(undefined, (resolve) => resolve(1))).toBe(1);
  abort.abort("enough");
  await expect(again).rejects.toBe("enough");
  expect(listeners(abort.signal)).toBe(0);
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
