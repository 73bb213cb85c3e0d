import { MessageChannel } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { utf8 } from "../../../src/bytes.ts";
import { Type } from "../../../src/codec/numbers.ts";
import * as requests from "../../../src/codec/request.ts";
import { ConnectionError } from "../../../src/errors.ts";
import { Session } from "../../../src/session/session.ts";
import { portTransport, serveTransport } from "../../../src/transport/message-port.ts";
import type { Transport, TransportEnd } from "../../../src/transport/transport.ts";
import { FakeServer } from "../../support/fake-server.ts";
import { type FakeTransport, transportPair } from "../../support/fake-transport.ts";
import { until } from "../../support/process.ts";
import { failOnUnhandled } from "../../support/unhandled.ts";

failOnUnhandled();

const ports: { close(): void }[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function channel(): [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  return [port1 as unknown as MessagePort, port2 as unknown as MessagePort];
}

/** A transport through a port, and the far end of the one behind it. */
async function through(heartbeat?: number) {
  const [near, far] = channel();
  const [behind, server] = transportPair("sftp-login.v1");
  serveTransport(behind, far, { heartbeat });
  return { transport: await portTransport(near, { heartbeat }), behind, server, near, far };
}

function collect(transport: Transport) {
  const messages: unknown[] = [];
  const ends: TransportEnd[] = [];
  transport.onmessage = (message) => messages.push(message);
  transport.onclose = (end) => ends.push(end);
  return { messages, ends };
}

test("messages go both ways in order, whatever they are made of", async () => {
  const { transport, server } = await through();
  const there = collect(server);
  const here = collect(transport);
  transport.send("text");
  transport.send(utf8("bytes"));
  transport.send(new Blob(["blob"]));
  transport.send(utf8("bytes").subarray(1, 3));
  server.send(utf8("answer"));
  server.send("more");
  await until("all", () => there.messages.length === 4 && here.messages.length === 2);
  const read = (messages: unknown[]) =>
    messages.map((it) => (typeof it === "string" ? it : new TextDecoder().decode(it as ArrayBuffer)));
  expect(read(there.messages)).toEqual(["text", "bytes", "blob", "yt"]);
  expect(here.messages[0]).toBeInstanceOf(ArrayBuffer);
  expect(read(here.messages)).toEqual(["answer", "more"]);
  transport.close();
  await until("the end", () => here.ends.length && there.ends.length);
});

test("bytes that are all of their buffer are moved, and others left alone", async () => {
  const { transport } = await through();
  const whole = utf8("whole").slice();
  const part = utf8("parts").slice().subarray(1);
  transport.send(whole);
  transport.send(part as Uint8Array<ArrayBuffer>);
  expect([whole.byteLength, part.byteLength]).toEqual([0, 4]);
  transport.close();
});

test("bufferedAmount is what has not left the socket on the other side", async () => {
  const { transport, behind } = await through();
  behind.stall();
  transport.send(new Uint8Array(1000));
  transport.send(new Blob([new Uint8Array(500)]));
  expect(transport.bufferedAmount).toBe(1500);
  await until("the other side to have it", () => behind.bufferedAmount === 1500);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(transport.bufferedAmount).toBe(1500);
  behind.goOn();
  await until("it to have left", () => transport.bufferedAmount === 0);
  transport.close();
});

test("the end comes through once, with its code and reason, and nothing is sent after it", async () => {
  const { transport, server } = await through();
  const { messages, ends } = collect(transport);
  server.send("last");
  server.close(1011, "The connection to the SFTP server was lost.");
  await until("the end", () => ends.length);
  transport.send("more");
  transport.close();
  expect(messages).toEqual(["last"]);
  expect(ends).toEqual([{ code: 1011, reason: "The connection to the SFTP server was lost." }]);
});

test("close reaches the other end with its code", async () => {
  const { transport, server } = await through();
  const [there, here] = [collect(server), collect(transport)];
  transport.close(4001, "enough");
  await until("both ends", () => there.ends.length && here.ends.length);
  expect([...there.ends, ...here.ends]).toEqual(Array(2).fill({ code: 4001, reason: "enough" }));
});

test("when a port is closed, the other side hears of it: 1006, and the socket is closed", async () => {
  const first = await through();
  const { ends } = collect(first.transport);
  first.far.close();
  await until("the end", () => ends.length);
  expect(ends).toEqual([{ code: 1006, reason: "" }]);
  const second = await through();
  second.near.close();
  await until("the socket to be closed", () => !second.behind.open);
});

test("a side that is dead and does not say so is noticed by its silence", async () => {
  const first = await through(10);
  const { ends } = collect(first.transport);
  first.far.onmessage = () => {};
  await until("the end", () => ends.length);
  expect(ends[0]?.code).toBe(1006);
  const second = await through(10);
  second.near.onmessage = () => {};
  await until("the socket to be closed", () => !second.behind.open);
});

test("sides that only ask whether the other is alive stay connected", async () => {
  const { transport, server } = await through(5);
  const [there, here] = [collect(server), collect(transport)];
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([...there.ends, ...here.ends]).toEqual([]);
  transport.close();
});

test("a port on which nobody answers is a ConnectionError, and an abort is its reason at once", async () => {
  const [near] = channel();
  await expect(portTransport(near, { heartbeat: 5 })).rejects.toThrow(ConnectionError);
  const [other, far] = channel();
  const abort = new AbortController();
  const opening = portTransport(other, { signal: abort.signal });
  abort.abort("enough");
  await expect(opening).rejects.toBe("enough");
  const [behind] = transportPair();
  serveTransport(behind, far);
  await until("the socket to be closed", () => !(behind as FakeTransport).open);
});

test("a session works through a port", async () => {
  const server = new FakeServer();
  server.put("/file", "");
  const [near, far] = channel();
  serveTransport(server.connect(), far);
  const session = await Session.open(await portTransport(near));
  const handle = await session.request(requests.open("/file", 2), Type.HANDLE, { operation: "open" });
  const name = handle.string();
  for (const [offset, data] of [
    [0, utf8("hello ")],
    [6, new Blob(["world"])],
  ] as const)
    await session.request(requests.write(name, offset, data), Type.STATUS, { operation: "write" });
  expect(server.text("/file")).toBe("hello world");
  // As after a lost connection: what was sent before can be sent again.
  const stat = requests.stat("/file");
  for (let time = 0; time < 2; time++) await session.request(stat, Type.ATTRS, { operation: "stat" });
  session.close();
  await until("the server to hear of it", () => server.openHandles === 0);
});
