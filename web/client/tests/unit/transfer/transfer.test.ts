import { expect, test, vi } from "vitest";
import type { Connection } from "../../../src/client/connection.ts";
import { aborted } from "../../../src/client/wait.ts";
import { ConnectionError, SftpError } from "../../../src/errors.ts";
import { onEachSession } from "../../../src/transfer/attempts.ts";
import { Transfer, type TransferControl } from "../../../src/transfer/transfer.ts";

const seen = async (transfer: Transfer<unknown>) => {
  const states: string[] = [];
  for await (const { state } of transfer) states.push(state);
  return states;
};

test("whoever listens hears the end, also when he is slow", async () => {
  const transfer = new Transfer(async () => 1);
  const states: string[] = [];
  for await (const { state } of transfer) {
    states.push(state);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(states.at(-1)).toBe("done");
  expect(await seen(transfer)).toEqual(["done"]);
});

test("a failure that nobody awaits is no unhandled rejection, and is in the progress", async () => {
  const transfer = new Transfer(() => Promise.reject(new Error("no")));
  expect((await seen(transfer)).at(-1)).toBe("failed");
  await expect(transfer).rejects.toThrow("no");
});

test("cancelling rejects with the reason, also before it began and while it is paused", async () => {
  const reason = new Error("enough");
  const early = new Transfer(async () => 1, AbortSignal.abort(reason));
  await expect(early).rejects.toBe(reason);
  const waiting = new Transfer(async (control) => {
    await Promise.resolve();
    await control.running();
  });
  waiting.pause();
  await Promise.resolve();
  waiting.cancel(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(waiting.progress.state).toBe("cancelled");
});

test("while it is paused it is paused, whatever happens; after that it is what it is", async () => {
  let control: TransferControl | undefined;
  let end = () => {};
  const transfer = new Transfer((given) => {
    control = given;
    return new Promise<void>((resolve) => {
      end = resolve;
    });
  });
  transfer.pause();
  expect(control?.paused).toBe(true);
  control?.report({ state: "reconnecting", bytes: 5 });
  expect(transfer.progress).toMatchObject({ state: "paused", bytes: 5 });
  transfer.resume();
  expect(transfer.progress.state).toBe("reconnecting");
  end();
  await transfer;
  transfer.pause();
  transfer.resume();
  expect(transfer.progress.state).toBe("done");
});

test("a signal keeps no listener of what is over, and a promise that fails later is no unhandled rejection", async () => {
  const controller = new AbortController();
  const add = vi.spyOn(controller.signal, "addEventListener");
  const remove = vi.spyOn(controller.signal, "removeEventListener");
  expect(await aborted(Promise.resolve(1), controller.signal)).toBe(1);
  await expect(aborted(Promise.reject(new Error("no")), controller.signal)).rejects.toThrow("no");
  await vi.waitFor(() => expect(remove).toHaveBeenCalledTimes(add.mock.calls.length));
  controller.abort();
  const late = new Promise((_resolve, reject) => setTimeout(() => reject(new Error("late")), 5));
  await expect(aborted(late, controller.signal)).rejects.toMatchObject({ name: "AbortError" });
  await new Promise((resolve) => setTimeout(resolve, 20));
});

// Attempts.

const control = (signal = new AbortController().signal): TransferControl => ({
  signal,
  paused: false,
  report: () => {},
  running: async () => {},
});
const connection = (state = "ready") => ({ state, session: async () => ({}) }) as unknown as Connection;
const lost = () => Promise.reject(new ConnectionError("lost"));

test("what is not retryable is not tried again; what is, so often as was said", async () => {
  for (const [error, times] of [
    [new SftpError(4, "write", "/f", ""), 1],
    [new SftpError(7, "write", "/f", ""), 3],
    [new ConnectionError("refused", 1008, "", false), 1],
    [new ConnectionError("lost"), 3],
    [new RangeError(), 1],
  ] as const) {
    const attempt = vi.fn(() => Promise.reject(error));
    const options = { attempts: 3, delay: 1 };
    await expect(onEachSession(connection(), control(), () => 0, attempt, options)).rejects.toBe(error);
    expect(attempt).toHaveBeenCalledTimes(times);
  }
});

test("the same bytes again are no progress", async () => {
  let bytes = 0;
  const attempt = vi.fn(() => {
    bytes = bytes === 10 ? 5 : 10;
    return lost();
  });
  const options = { attempts: 3, delay: 1 };
  await expect(onEachSession(connection(), control(), () => bytes, attempt, options)).rejects.toThrow("lost");
  expect(attempt).toHaveBeenCalledTimes(4);
});

test("it waits before it tries again without progress, and a cancellation ends the wait", async () => {
  const abort = new AbortController();
  const attempt = vi.fn(lost);
  const options = { attempts: 50, delay: 60_000, maximum: 60_000 };
  const run = onEachSession(connection(), control(abort.signal), () => 0, attempt, options);
  const rejected = expect(run).rejects.toMatchObject({ name: "AbortError" });
  await vi.waitFor(() => expect(attempt).toHaveBeenCalledTimes(2));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(attempt).toHaveBeenCalledTimes(2);
  abort.abort();
  await rejected;
});

test("a connection that is closed is not tried again", async () => {
  const attempt = vi.fn(lost);
  await expect(onEachSession(connection("closed"), control(), () => 0, attempt)).rejects.toThrow("lost");
  expect(attempt).toHaveBeenCalledTimes(1);
});
