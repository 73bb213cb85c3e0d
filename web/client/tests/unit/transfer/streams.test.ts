import { expect, test } from "vitest";
import { CoreClient } from "../../../src/client/core-client.ts";
import { Session } from "../../../src/session/session.ts";
import { readable, writable } from "../../../src/transfer/streams.ts";
import { windowOf } from "../../../src/window/shared.ts";
import { asked, content, expectSame, served } from "../../support/downloads.ts";
import { FakeServer } from "../../support/fake-server.ts";
import { until } from "../../support/process.ts";
import * as reply from "../../support/server-codec.ts";
import { sessionsOf } from "../../support/sessions.ts";

const SIZE = 300_000;
const all = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
  new Uint8Array(await new Response(stream).arrayBuffer());
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

test.each(["replies", "requests"] as const)("a file is read as a stream (shuffled: %s)", async (shuffle) => {
  const { server, data, client } = served(SIZE, { shuffle });
  expectSame(await all(readable(client, "/file")), data);
  expectSame(await all(readable(client, "/file", { start: 7, end: 100_000 })), data.slice(7, 100_000));
  expect((await all(readable(client, "/file", { start: SIZE }))).length).toBe(0);
  await until("the files to be closed", () => server.openHandles === 0);
});

test("nothing is asked for before the first read, and then only so much ahead", async () => {
  const { server, connection, client } = served(8_000_000);
  const reader = readable(client, "/file").getReader();
  await pause();
  expect(server.requests.length).toBe(0);
  await reader.read();
  const window = windowOf(await connection.session(), "read");
  await until("what was asked for to arrive", () => window.inFlight === 0);
  await pause();
  expect(asked(server)).toBeLessThanOrEqual(window.size + 2 ** 20 + 2 * 32_768);
  await reader.cancel();
  await until("the file to be closed", () => server.openHandles === 0);
});

test("who cancels it at any time closes the file", async () => {
  for (let reads = 0; reads < 5; reads++) {
    const { server, client } = served(SIZE);
    const reader = readable(client, "/file").getReader();
    for (let read = 0; read < reads; read++) await reader.read();
    const last = reads % 2 ? reader.read() : undefined;
    await reader.cancel("enough");
    expect((await last)?.done ?? true).toBe(true);
    const before = server.count("read");
    await until("the file to be closed", () => server.openHandles === 0);
    await pause();
    expect(server.count("read") - before).toBeLessThanOrEqual(64);
    expect(server.count("close")).toBe(server.count("open"));
  }
});

test("a reader may bring its own buffer", async () => {
  const { data, client } = served(SIZE);
  const reader = readable(client, "/file").getReader({ mode: "byob" });
  const found: number[] = [];
  for (let view = new Uint8Array(1000); ; ) {
    const { value, done } = await reader.read(view);
    if (done) break;
    found.push(...value);
    view = new Uint8Array(value.buffer);
  }
  expectSame(Uint8Array.from(found), data);
});

test("it goes on after a lost connection, wherever that is", async () => {
  for (let at = 1; at < 16; at++) {
    const { data, client } = served(SIZE, { dropAfter: (index) => (index ? undefined : at) });
    expectSame(await all(readable(client, "/file")), data);
  }
});

test("what goes wrong is the error of the stream", async () => {
  const { client } = served(SIZE);
  await expect(readable(client, "/missing").getReader().read()).rejects.toMatchObject({ code: "ENOENT" });
  const signal = AbortSignal.abort("enough");
  await expect(readable(client, "/file", { signal }).getReader().read()).rejects.toBe("enough");
  const controller = new AbortController();
  const reader = readable(client, "/file", { signal: controller.signal }).getReader();
  await reader.read();
  controller.abort("enough");
  await expect(reader.read()).rejects.toBe("enough");
});

test("what is written to a stream is in the file when it is closed", async () => {
  const { server, client } = served(SIZE, { shuffle: "requests" });
  const data = content(1_000_000);
  const source = new Blob([data.slice()]).stream();
  await source.pipeTo(writable(client, "/new", { mode: 0o600 }));
  expectSame(server.content("/new"), data);
  expect([server.files.get("/new")?.mode, server.openHandles]).toEqual([0o600, 0]);
});

test("a file is replaced, in place or in one step, or not", async () => {
  const { server, client } = served(SIZE, { shuffle: "requests" });
  const put = async (options?: Parameters<typeof writable>[2]) => {
    const writer = writable(client, "/text", options).getWriter();
    for (const char of "abcdefgh") await writer.write(new TextEncoder().encode(char));
    await writer.close();
    return server.text("/text");
  };
  server.put("/text", "0123456789abc");
  expect([await put(), server.count("rename")]).toEqual(["abcdefgh", 0]);
  server.put("/text", "0123456789abc");
  expect([await put({ atomic: true }), server.count("posix-rename@openssh.com")]).toEqual(["abcdefgh", 1]);
  await expect(put({ conflict: "error" })).rejects.toMatchObject({ code: "exists" });
});

test("a refused WRITE is the error of the stream, and the file is closed", async () => {
  const { server, client } = served(SIZE);
  server.answer = (request) =>
    request.operation === "write" && request.offset > 100_000
      ? reply.status(request.id, 4, "the disk is full")
      : undefined;
  const stream = writable(client, "/new");
  await expect(new Blob([content(SIZE).slice()]).stream().pipeTo(stream)).rejects.toThrow(/the disk is full/);
  await until("the file to be closed", () => server.openHandles === 0);
});

test("it is not closed before the last WRITE is acknowledged", async () => {
  const { server, client } = served(SIZE);
  let id = 0;
  server.answer = (request) => {
    if (request.operation !== "write") return;
    id = request.id;
    return [];
  };
  const writer = writable(client, "/new").getWriter();
  await writer.write(content(10));
  let closed = false;
  const closing = writer.close().then(() => {
    closed = true;
  });
  await pause();
  expect([closed, server.count("close")]).toEqual([false, 0]);
  server.connections[0]?.send(reply.status(id, 4, "too late"));
  await expect(closing).rejects.toThrow(/too late/);
  await until("the file to be closed", () => server.openHandles === 0);
});

test("an abort leaves what was written, sends no more, and closes the file", async () => {
  const server = new FakeServer();
  const client = new CoreClient(sessionsOf(() => Session.open(server.connect())));
  server.answer = (request) => (request.operation === "write" && request.offset >= 50_000 ? [] : undefined);
  const writer = writable(client, "/new").getWriter();
  await writer.write(content(50_000));
  const data = content(8_000_000);
  let large = Promise.resolve();
  for (let chunks = 0; chunks < 300; chunks++) {
    large = writer.write(data);
    large.catch(() => {});
  }
  let seen = 0;
  await until("no more WRITEs", async () => {
    await pause();
    const same = seen > 2 && seen === server.count("write");
    seen = server.count("write");
    return same;
  });
  await writer.abort("enough");
  await expect(large).rejects.toBe("enough");
  const before = server.count("write");
  await until("the file to be closed", () => server.openHandles === 0);
  await pause();
  expect(server.count("write")).toBe(before);
  expectSame(server.content("/new").slice(0, 50_000), content(50_000));
});

test("an aborted opening leaves no handle", async () => {
  const { server, connection, client } = served(SIZE);
  const writer = writable(client, "/new").getWriter();
  writer.closed.catch(() => {});
  await connection.session();
  await writer.abort("enough");
  await pause();
  expect(server.openHandles).toBe(0);
});

test("a lost connection is survived, wherever that is", async () => {
  for (let at = 3; at < 12; at++) {
    const { server, client } = served(SIZE, { dropAfter: (index) => (index ? undefined : at) });
    const data = content(SIZE);
    await new Blob([data.slice()]).stream().pipeTo(writable(client, "/new"));
    expectSame(server.content("/new"), data);
  }
});

test("an abort of the signal closes the file and is the error of the stream, though nothing is being written", async () => {
  const { server, client } = served(SIZE);
  const controller = new AbortController();
  const writer = writable(client, "/new", { signal: controller.signal }).getWriter();
  await writer.write(content(SIZE));
  await until("a write to be there", () => server.files.get("/new")?.size);
  controller.abort("enough");
  await expect(writer.closed).rejects.toBe("enough");
  await until("the file to be closed", () => server.openHandles === 0);
  expect(server.count("close")).toBe(1);
});

test("a stream that is over has left nothing at the caller's signal", async () => {
  const { server, client } = served(SIZE);
  const controller = new AbortController();
  const writer = writable(client, "/new", { signal: controller.signal }).getWriter();
  await writer.write(content(10));
  await writer.close();
  controller.abort("enough");
  await writer.closed;
  await pause();
  expect(server.count("close")).toBe(1);
});

test("an abort while the server closes the file ends the wait, and closes it once", async () => {
  const { server, client } = served(SIZE);
  server.answer = (request) => (request.operation === "close" ? [] : undefined);
  const controller = new AbortController();
  const writer = writable(client, "/new", { signal: controller.signal }).getWriter();
  const closing = writer.close();
  await until("CLOSE", () => server.count("close") === 1);
  controller.abort("enough");
  await expect(closing).rejects.toBe("enough");
  await pause();
  expect(server.count("close")).toBe(1);
});

test("a part of a write that is refused is the error of the stream, though its rest waited for room", async () => {
  const { server, client } = served(SIZE);
  let refuse = () => {};
  server.answer = (request, connection) => {
    if (request.operation !== "write") return;
    refuse = () => connection.send(reply.status(request.id, 4, "the disk is full"));
    return [];
  };
  const writer = writable(client, "/new").getWriter();
  const written = writer.write(content(8_000_000));
  written.catch(() => {});
  await until("the window to be full", () => server.count("write") === 64);
  refuse();
  await expect(writer.closed).rejects.toThrow(/the disk is full/);
  await until("CLOSE", () => server.count("close") === 1);
});

test("a chunk that is no bytes is the error of the stream, and the file is closed", async () => {
  const { server, client } = served(SIZE);
  const writer = writable(client, "/new").getWriter();
  writer.write("text" as never).catch(() => {});
  await expect(writer.closed).rejects.toThrow(TypeError);
  await until("the file to be closed", () => server.openHandles === 0);
});
