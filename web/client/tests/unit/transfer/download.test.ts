import { expect, test } from "vitest";
import { ConnectionError, ProtocolError } from "../../../src/errors.ts";
import { download } from "../../../src/transfer/download.ts";
import { windowOf } from "../../../src/window/shared.ts";
import { asked, Collecting, content, expectSame, served } from "../../support/downloads.ts";
import type { FakeConnection } from "../../support/fake-server.ts";
import { until } from "../../support/process.ts";
import * as reply from "../../support/server-codec.ts";

const SIZE = 300_000;

test.each(["replies", "requests"] as const)(
  "what arrives in any order is written in order (%s)",
  async (shuffle) => {
    const { server, client, data } = served(2_000_000, { shuffle });
    const sink = new Collecting();
    const { bytes } = await download(client, "/file", sink);
    expect(bytes).toBe(data.length);
    expectSame(sink.bytes, data);
    expect(sink.closed).toBe(true);
    expect(asked(server)).toBe(data.length);
    await until("the file to be closed", () => server.openHandles === 0);
  },
);

test("what a short answer leaves out is asked for again", async () => {
  const { server, client, data } = served(SIZE, { shuffle: "replies" });
  let lengths = 0;
  server.answer = (request) => {
    if (request.operation !== "read") return;
    lengths = (lengths * 31 + 7919) % request.length;
    const { id, offset } = request;
    return reply.data(id, data.subarray(offset, offset + 1 + lengths));
  };
  const sink = new Collecting();
  await download(client, "/file", sink);
  expectSame(sink.bytes, data);
});

test("a server that answers with one byte at a time makes nobody hold more than some thousand answers", async () => {
  const { server, client } = served(SIZE);
  let held = 0;
  server.answer = (request) => {
    if (request.operation !== "read") return;
    // The first byte never comes: everything else has to wait for it.
    if (request.offset === 0) return [];
    held++;
    return reply.data(request.id, Uint8Array.of(1));
  };
  const transfer = download(client, "/file", new Collecting());
  let before = -1;
  await until("no more READs", async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const same = held === before;
    before = held;
    return same;
  });
  expect(held).toBeLessThan(5000);
  transfer.cancel();
  await expect(transfer).rejects.toThrow();
});

test("a file that has become shorter is an error that says so", async () => {
  const { server, file, client } = served(SIZE);
  server.answer = (request) => {
    if (request.operation === "read" && request.offset >= 100_000) server.truncate(file, 90_000);
    return undefined;
  };
  const sink = new Collecting();
  const transfer = download(client, "/file", sink);
  await expect(transfer).rejects.toThrow(/^"\/file" has changed meanwhile: it ends before byte \d+$/);
  await expect(transfer).rejects.toMatchObject({ name: "TransferError", code: "source" });
  expect(sink.aborted?.reason).toMatchObject({ code: "source" });
  expect(sink.closed).toBe(false);
});

test("what a file grows by is left out", async () => {
  const { server, file, data, client } = served(SIZE);
  server.answer = (request) => {
    if (request.operation === "read") server.write(file, file.size, content(1000));
    return undefined;
  };
  const sink = new Collecting();
  await download(client, "/file", sink);
  expectSame(sink.bytes, data);
});

test("with verify, a file that was written to meanwhile is an error", async () => {
  const { server, file, client } = served(SIZE);
  server.answer = (request) => {
    if (request.operation === "read") file.mtime++;
    return undefined;
  };
  await download(client, "/file", new Collecting());
  await expect(download(client, "/file", new Collecting(), { verify: true })).rejects.toThrow(
    /it was written to/,
  );
});

test.each([
  ["no size", {}],
  ["the size 0", { size: 0 }],
])("a file of which the server tells %s is read until EOF", async (_, attributes) => {
  const { server, data, client } = served(SIZE, { shuffle: "replies" });
  server.answer = (request) =>
    request.operation === "fstat" ? reply.attributes(request.id, attributes) : undefined;
  const sink = new Collecting();
  const transfer = download(client, "/file", sink);
  expect((await transfer).bytes).toBe(SIZE);
  expect(transfer.progress.total).toBe(undefined);
  expectSame(sink.bytes, data);
});

test("a small file of unknown size takes two READs", async () => {
  const { server, client } = served(100);
  server.answer = (request) => (request.operation === "fstat" ? reply.attributes(request.id, {}) : undefined);
  await download(client, "/file", new Collecting());
  expect(server.count("read")).toBe(2);
});

test("a size that the server lies about ends in an error, and not in a file of zeros", async () => {
  const { server, client } = served(SIZE);
  server.answer = (request) =>
    request.operation === "fstat" ? reply.attributes(request.id, { size: 2 ** 53 - 1 }) : undefined;
  await expect(download(client, "/file", new Collecting())).rejects.toMatchObject({
    name: "TransferError",
    code: "source",
  });
});

test("an empty file is an empty download", async () => {
  const { server, client } = served(0);
  const sink = new Collecting();
  expect(await download(client, "/file", sink)).toMatchObject({ bytes: 0, resumed: 0 });
  expect([sink.size, sink.closed, server.count("read")]).toEqual([0, true, 1]);
});

test.each([
  [0, 0],
  [0, 1],
  [32_767, 32_769],
  [SIZE - 1, SIZE],
  [SIZE, SIZE],
  [100, SIZE + 1000],
  [5, undefined],
])("a range from %d to %s is what it says", async (start, end) => {
  const { client, data } = served(SIZE);
  const sink = new Collecting();
  const transfer = download(client, "/file", sink, { start, end });
  const expected = data.subarray(start, end);
  expect((await transfer).bytes).toBe(expected.length);
  expectSame(sink.bytes, expected);
  expect(transfer.progress).toMatchObject({ state: "done", bytes: expected.length, total: expected.length });
});

test.each([
  [-1, 5],
  [6, 5],
  [Number.NaN, 5],
  [0.5, 5],
  [SIZE + 1, undefined],
  [2 ** 53, undefined],
])("a range from %d to %s is a RangeError", async (start, end) => {
  const { client } = served(SIZE);
  await expect(download(client, "/file", new Collecting(), { start, end })).rejects.toThrow(RangeError);
});

test("offsets are exact near 2^53", async () => {
  const { server, client } = served(0);
  const size = 2 ** 53 - 1;
  server.answer = (request) => {
    if (request.operation === "fstat") return reply.attributes(request.id, { size });
    if (request.operation !== "read") return;
    const length = Math.min(request.length, size - request.offset);
    return reply.data(
      request.id,
      Uint8Array.from({ length }, (_, at) => (request.offset + at) % 251),
    );
  };
  const start = size - 70_001;
  const sink = new Collecting();
  await download(client, "/file", sink, { start });
  expectSame(
    sink.bytes,
    Uint8Array.from({ length: 70_001 }, (_, at) => (start + at) % 251),
  );
});

test("a slow sink stops the READs, and the window is free meanwhile", async () => {
  const { server, connection, client } = served(20_000_000);
  let go = () => {};
  const sink = new Collecting(() => new Promise<void>((resolve) => (go = resolve)));
  const transfer = download(client, "/file", sink);
  const session = await connection.session();
  const window = windowOf(session);
  const bound = window.size + 2 ** 20 + 32_768;
  for (let round = 0; round < 5; round++) {
    await until(
      "all that was asked for to arrive",
      () => asked(server) > bound - 70_000 && window.inFlight === 0,
    );
    expect(asked(server) - sink.size).toBeLessThanOrEqual(bound + 32_768);
    go();
    await new Promise((resolve) => setTimeout(resolve));
  }
  transfer.cancel();
  await expect(transfer).rejects.toThrow();
});

test("a DATA longer than was asked for is a ProtocolError, and the end of the session", async () => {
  const { server, data, connection, client } = served(SIZE);
  const session = await connection.session();
  server.answer = (request) =>
    request.operation === "read" ? reply.data(request.id, data.subarray(0, request.length + 1)) : undefined;
  const sink = new Collecting();
  await expect(download(client, "/file", sink)).rejects.toBeInstanceOf(ProtocolError);
  await session.closed;
  expect(sink.size).toBe(0);
});

test("a directory is refused with an error that says so", async () => {
  const { server, client } = served(0);
  server.answer = (request) =>
    request.operation === "fstat" ? reply.attributes(request.id, { mode: 0o040755, size: 4096 }) : undefined;
  const sink = new Collecting();
  await expect(download(client, "/file", sink)).rejects.toMatchObject({ code: "not-a-file" });
  expect(sink.aborted?.reason).toMatchObject({ code: "not-a-file" });
  await until("the handle to be closed", () => server.openHandles === 0);
});

test("the error of a sink ends the download, and the file is closed", async () => {
  const { server, client } = served(SIZE);
  const full = new Error("the disk is full");
  let chunks = 0;
  const sink = new Collecting(() => {
    if (++chunks === 3) throw full;
  });
  await expect(download(client, "/file", sink)).rejects.toBe(full);
  expect(sink.aborted?.reason).toBe(full);
  await until("the file to be closed", () => server.openHandles === 0);
});

test("the error of a sink's close is that of the download", async () => {
  const { client } = served(SIZE);
  const full = new Error("the disk is full");
  const close = () => Promise.reject(full);
  await expect(download(client, "/file", { write() {}, close })).rejects.toBe(full);
});

test("wherever it is cancelled, nothing but CLOSE is sent from then on", async () => {
  const size = 12 * 32_768;
  for (let at = 1; ; at++) {
    const { server, connection, client } = served(size);
    const controller = new AbortController();
    const reason = new Error("enough");
    let requests = 0;
    const transfers: { cancel(reason: unknown): void }[] = [];
    server.answer = () => {
      if (++requests === at) {
        if (at % 2) controller.abort(reason);
        else transfers[0]?.cancel(reason);
      }
      return undefined;
    };
    const sink = new Collecting();
    const transfer = download(client, "/file", sink, { signal: controller.signal });
    transfers.push(transfer);
    const outcome = await transfer.then(
      () => "done",
      (error) => error,
    );
    if (outcome === "done") {
      expect(at).toBeGreaterThan(12);
      return;
    }
    expect(outcome).toBe(reason);
    expect(sink.aborted?.reason).toBe(reason);
    expect(transfer.progress.state).toBe("cancelled");
    const { transport } = server.connections[0] as FakeConnection;
    const sent = transport.peer.sent;
    await until("the file to be closed", () => server.openHandles === 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(transport.peer.sent - sent).toBeLessThanOrEqual(1);
    (await connection.session()).close();
  }
});

test("wherever the connection is lost, the download goes on", async () => {
  const size = 12 * 32_768 + 5;
  for (let at = 1; ; at++) {
    const { server, data, connection, client } = served(size, {
      dropAfter: (index) => (index ? undefined : at),
    });
    const sink = new Collecting();
    const transfer = download(client, "/file", sink);
    await transfer;
    expectSame(sink.bytes, data);
    const lost = server.connections.length > 1;
    (await connection.session()).close();
    if (!lost) {
      expect(at).toBeGreaterThan(12);
      return;
    }
  }
});

test("what has arrived and waits for a slow sink is not read again after a lost connection", async () => {
  const { server, data, connection, client } = served(8_000_000);
  let allowed = 0;
  const sink: Collecting = new Collecting(() =>
    until("the sink to go on", () => sink.chunks.length < allowed),
  );
  const transfer = download(client, "/file", sink);
  const window = windowOf(await connection.session());
  await until("READs to stop", () => server.count("read") > 95 && window.inFlight === 0);
  server.cut();
  // Room for a READ, by which it is noticed that the session is over.
  allowed = 2;
  await until("READs on the next session", () => server.connections[1]?.operations.handles.size);
  await until("some more to be written", () => sink.chunks.length === 2);
  allowed = Number.POSITIVE_INFINITY;
  await transfer;
  expectSame(sink.bytes, data);
  // The one that found the session dead was never sent.
  expect(asked(server)).toBe(data.length);
});

test.each([
  ["size", (file: { size: number; mtime: number }) => void file.size--],
  ["mtime", (file: { size: number; mtime: number }) => void file.mtime++],
])("a file with another %s on the next session has changed meanwhile", async (_, change) => {
  const { server, file, client } = served(3_000_000, {
    dropAfter: (index) => (index ? undefined : 20),
  });
  server.answer = (request, connection) => {
    if (request.operation === "open" && connection === server.connections[1]) change(file);
    return undefined;
  };
  await expect(download(client, "/file", new Collecting())).rejects.toThrow(/changed meanwhile/);
  await until("the file to be closed", () => server.openHandles === 0);
});

test("it is given up after as many tries without a byte as are allowed", async () => {
  const { server, client } = served(SIZE, { dropAfter: 4 });
  server.answer = (request) => (request.operation === "read" ? [] : undefined);
  const transfer = download(client, "/file", new Collecting(), { retry: { attempts: 3 } });
  await expect(transfer).rejects.toBeInstanceOf(ConnectionError);
  expect(server.connections.length).toBe(3);
});

test("nothing is asked for while it is paused", async () => {
  const { server, data, connection, client } = served(8_000_000);
  // Not by looking from time to time: on a busy machine all of it may be there at the next look.
  server.answer = ({ operation }) => {
    if (operation === "read" && server.count("read") === 20) transfer.pause();
  };
  const sink = new Collecting();
  const transfer = download(client, "/file", sink);
  await until("the pause", () => server.count("read") >= 20);
  const window = windowOf(await connection.session());
  await until("what was under way to arrive", () => window.inFlight === 0);
  const before = server.count("read");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.count("read")).toBe(before);
  expect(before).toBeLessThan(data.length / 32_768);
  transfer.resume();
  await transfer;
  expectSame(sink.bytes, data);
});

test("a READ that waits for room when the pause begins waits for its end", async () => {
  const { server, data, client } = served(4_000_000);
  const held: (() => void)[] = [];
  let holding = true;
  server.answer = (request, connection) => {
    if (request.operation !== "read" || !holding) return;
    held.push(() => connection.send(connection.operations.answer(request)));
    return [];
  };
  const sink = new Collecting();
  const transfer = download(client, "/file", sink);
  await until("the window to be full", () => held.length === 64);
  transfer.pause();
  holding = false;
  for (const answer of held) answer();
  await until("all to be written", () => sink.size === 64 * 32_768);
  expect(server.count("read")).toBe(64);
  transfer.resume();
  await transfer;
  expectSame(sink.bytes, data);
});

test("it is cancelled while it is paused, and while its sink hangs", async () => {
  const { client } = served(8_000_000);
  const paused = download(client, "/file", new Collecting());
  paused.pause();
  paused.cancel("one");
  await expect(paused).rejects.toBe("one");
  let writing = false;
  const hanging = download(client, "/file", { write: () => new Promise(() => (writing = true)) });
  await until("the sink to hang", () => writing);
  hanging.cancel("two");
  await expect(hanging).rejects.toBe("two");
});
