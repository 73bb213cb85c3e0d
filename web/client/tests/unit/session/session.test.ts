import { afterEach, expect, test, vi } from "vitest";
import { utf8 } from "../../../src/bytes.ts";
import { Type } from "../../../src/codec/numbers.ts";
import * as requests from "../../../src/codec/request.ts";
import { ConnectionError, SftpError } from "../../../src/errors.ts";
import { Session, type SessionOptions } from "../../../src/session/session.ts";
import { FakeServer } from "../../support/fake-server.ts";
import { until } from "../../support/process.ts";
import * as reply from "../../support/server-codec.ts";
import { failOnUnhandled } from "../../support/unhandled.ts";

failOnUnhandled();
afterEach(() => void vi.useRealTimers());

async function start(options: SessionOptions = {}) {
  const server = new FakeServer();
  server.put("/file", "content");
  const transport = server.connect();
  return { server, transport, session: await Session.open(transport, options) };
}

const stat = (session: Session, path = "/", signal?: AbortSignal) =>
  session.request(requests.stat(path), Type.ATTRS, { operation: "stat", path, signal });
const open = (session: Session, signal?: AbortSignal) =>
  session.request(requests.open("/file", 1), Type.HANDLE, { operation: "open", signal });
const turns = (count = 10) =>
  Array.from({ length: count }).reduce<Promise<unknown>>(
    (before) => before.then(() => new Promise((resolve) => setImmediate(resolve))),
    Promise.resolve(),
  );

/** A signal that tells how many listen. */
function counted() {
  const abort = new AbortController();
  const { signal } = abort;
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  Object.assign(signal, {
    addEventListener(...all: Parameters<typeof addEventListener>) {
      listeners.add(all[1]);
      addEventListener.apply(signal, all);
    },
    removeEventListener(...all: Parameters<typeof removeEventListener>) {
      listeners.delete(all[1]);
      removeEventListener.apply(signal, all);
    },
  });
  return { abort, listeners: () => listeners.size };
}

test("each reply goes to its own request, in whatever order they come", async () => {
  const server = new FakeServer({ shuffle: "replies" });
  for (let size = 0; size < 100; size++) server.put(`/${size}`, new Uint8Array(size));
  const session = await Session.open(server.connect());
  const sizes = await Promise.all(
    Array.from({ length: 100 }, async (_, size) => {
      const body = await stat(session, `/${size}`);
      body.uint32();
      return Number(body.bigUint64());
    }),
  );
  expect(sizes).toEqual(Array.from({ length: 100 }, (_, size) => size));
  session.close();
});

test("a refusal tells the operation, the path and the server's words", async () => {
  const { session } = await start();
  const error = await stat(session, "/missing").catch((it) => it);
  expect(error).toBeInstanceOf(SftpError);
  expect(error).toMatchObject({ code: "ENOENT", operation: "stat", path: "/missing" });
  session.close();
});

test("an abort rejects with its reason at once; the late reply is thrown away, and the session goes on", async () => {
  const { session, server } = await start();
  const abort = new AbortController();
  const answered = stat(session, "/", abort.signal);
  abort.abort("enough");
  await expect(answered).rejects.toBe("enough");
  await expect(stat(session, "/", abort.signal)).rejects.toBe("enough");
  expect(server.count("stat")).toBe(0);
  await stat(session);
  expect(server.count("stat")).toBe(2);
  session.close();
});

test("a handle that comes after an abort is closed, and one that comes in time is not", async () => {
  const { session, server } = await start();
  const abort = new AbortController();
  const late = open(session, abort.signal);
  const inTime = open(session);
  abort.abort("enough");
  await expect(late).rejects.toBe("enough");
  const handle = (await inTime).string();
  await until("the late handle to be closed", () => server.openHandles === 1);
  await session.request(requests.close(handle), Type.STATUS, { operation: "close" });
  expect([server.count("close"), server.openHandles]).toEqual([2, 0]);
  session.close();
});

test("an abort at any moment of an open loses no handle", async () => {
  for (let moment = 0; moment < 12; moment++) {
    const { session, server } = await start();
    const abort = new AbortController();
    const opened = open(session, abort.signal).then(
      (body) => session.request(requests.close(body.string()), Type.STATUS, { operation: "close" }),
      (reason) => expect(reason).toBe("enough"),
    );
    await turns(moment);
    abort.abort("enough");
    await opened;
    await until("no handle to be open", () => server.openHandles === 0);
    await stat(session);
    session.close();
  }
});

test("an abort at any moment of opening rejects with its reason, and closes the connection", async () => {
  for (let moment = 0; moment < 8; moment++) {
    const server = new FakeServer();
    const transport = server.connect();
    const { abort, listeners } = counted();
    const opening = Session.open(transport, { signal: abort.signal });
    const result = opening.then(
      (session) => session,
      (reason) => reason,
    );
    await turns(moment);
    abort.abort("enough");
    const opened = await result;
    if (opened !== "enough") {
      await stat(opened);
      opened.close();
    } else expect(transport.open).toBe(false);
    expect(listeners()).toBe(0);
  }
  const transport = new FakeServer().connect();
  await expect(Session.open(transport, { signal: AbortSignal.abort("before") })).rejects.toBe("before");
  expect([transport.open, transport.sent]).toEqual([false, 0]);
});

test("no listener stays at a caller's signal, whatever becomes of the request", async () => {
  const { session, server } = await start();
  const { abort, listeners } = counted();
  await stat(session, "/", abort.signal);
  await stat(session, "/missing", abort.signal).catch(() => {});
  await open(session, abort.signal);
  expect(listeners()).toBe(0);
  server.answer = () => [];
  const lost = stat(session, "/", abort.signal).catch((error) => error);
  expect(listeners()).toBe(1);
  server.cut();
  expect(await lost).toBeInstanceOf(ConnectionError);
  await stat(session, "/", abort.signal).catch(() => {});
  expect(listeners()).toBe(0);
});

test("the end rejects what is under way, tells why, and comes once", async () => {
  const { session, server, transport } = await start();
  const all = Promise.allSettled(Array.from({ length: 5 }, () => stat(session)));
  server.connections[0]?.transport.close(1011, "The connection to the SFTP server was lost. (ref 1)");
  server.answer = () => [];
  const error = await session.closed;
  expect(error).toMatchObject({
    name: "ConnectionError",
    closeCode: 1011,
    reason: "The connection to the SFTP server was lost. (ref 1)",
    retryable: true,
  });
  for (const result of await all) expect(result).toEqual({ status: "rejected", reason: error });
  session.close();
  await expect(stat(session)).rejects.toBe(error);
  expect(transport.open).toBe(false);
});

test("close says 1000, rejects what is under way for good, and may be called again", async () => {
  const { session, server, transport } = await start();
  const pending = stat(session);
  let end: unknown;
  const seen = server.connections[0]?.transport;
  if (seen) seen.onclose = (it) => (end = it);
  session.close();
  session.close(4001);
  await expect(pending).rejects.toMatchObject({ name: "ConnectionError", retryable: false, closeCode: 1000 });
  await until("the server to hear of it", () => end);
  expect(end).toEqual({ code: 1000, reason: "" });
  expect(transport.open).toBe(false);
});

test("a transport that throws ends the session with a ConnectionError", async () => {
  const { session, transport } = await start();
  const pending = stat(session);
  transport.send = () => {
    throw new DOMException("no more room", "QuotaExceededError");
  };
  await expect(stat(session)).rejects.toThrow("not sent: no more room");
  await expect(pending).rejects.toBe(await session.closed);
  const other = new FakeServer().connect();
  other.send = transport.send;
  await expect(Session.open(other)).rejects.toThrow(ConnectionError);
});

test("no timer runs while nothing is awaited", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
  const { session, server } = await start();
  expect(vi.getTimerCount()).toBe(0);
  const pending = stat(session);
  expect(vi.getTimerCount()).toBe(1);
  await pending;
  expect(vi.getTimerCount()).toBe(0);
  server.answer = () => [];
  const lost = stat(session).catch(() => {});
  session.close();
  await lost;
  expect(vi.getTimerCount()).toBe(0);
});

test("silence is judged by what comes and by what leaves, and by the patience of what is asked", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
  const { session, server, transport } = await start({ silence: 1000 });
  const connection = server.connections[0];
  server.answer = () => [];
  let over: Error | undefined;
  session.closed.then((error) => {
    over = error;
  });
  const pass = async (milliseconds: number) => {
    await turns(3);
    vi.advanceTimersByTime(milliseconds);
    await turns(3);
  };
  const asked = stat(session).catch(() => {});
  await pass(900);
  // Any reply is a sign of life, also to another request.
  const other = stat(session, "/other", AbortSignal.timeout(10)).catch(() => {});
  await turns(3);
  connection?.send(reply.attributes(server.requests.at(-1)?.id ?? 0, {}));
  await pass(600);
  expect(over).toBeUndefined();
  // So is that bytes leave.
  transport.stall();
  const write = session
    .request(requests.write(utf8("h"), 0, new Uint8Array(9)), Type.STATUS, { operation: "write" })
    .catch(() => {});
  await pass(300);
  transport.bufferedAmount -= 1;
  await pass(900);
  expect(over).toBeUndefined();
  const patient = session
    .request(requests.stat("/"), Type.ATTRS, { operation: "stat", patience: 5000 })
    .catch(() => {});
  await pass(3500);
  expect(over).toBeUndefined();
  await pass(2500);
  expect(over).toMatchObject({ name: "ConnectionError", message: "no answer in 5 s" });
  await Promise.all([asked, other, write, patient]);
});

test("a network that takes nothing more, and does not say so, is noticed", async () => {
  const { session, transport } = await start({ silence: 40 });
  transport.stall();
  await expect(stat(session)).rejects.toThrow("no answer in 0.04 s");
  await expect(stat(session)).rejects.toMatchObject({ name: "ConnectionError", retryable: true });
});

test("a WRITE of bytes and one of a Blob come to the same", async () => {
  const { session, server } = await start();
  const handle = (
    await session.request(requests.open("/file", 2), Type.HANDLE, { operation: "open" })
  ).string();
  const write = (offset: number, data: Uint8Array<ArrayBuffer> | Blob) =>
    session.request(requests.write(handle, offset, data), Type.STATUS, { operation: "write" });
  await Promise.all([write(0, utf8("hello ")), write(6, new Blob(["wor", "ld"])), write(11, new Blob([]))]);
  expect(server.text("/file")).toBe("hello world");
  session.close();
});
