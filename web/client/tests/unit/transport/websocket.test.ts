import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { utf8 } from "../../../src/bytes.ts";
import { ConnectionError } from "../../../src/errors.ts";
import type { Transport, TransportEnd } from "../../../src/transport/transport.ts";
import { type WebSocketConstructor, webSocket } from "../../../src/transport/websocket.ts";
import { until } from "../../support/process.ts";

const never = new AbortController().signal;
const servers: { close(): unknown; closeAllConnections?: () => void }[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    server.close();
  }
});

/** A server that does with an upgrade what the test says, byte by byte. */
async function raw(upgrade: (socket: Duplex, accept: string) => void): Promise<string> {
  const server: Server = createServer();
  server.on("upgrade", (request, socket) => {
    socket.on("error", () => {});
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    upgrade(socket, createHash("sha1").update(key).digest("base64"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/sftp`;
}

const accepted = (accept: string, protocol = "sftp") =>
  Buffer.from(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Accept: ${accept}\r\n${protocol && `Sec-WebSocket-Protocol: ${protocol}\r\n`}\r\n`,
  );
const frame = (opcode: number, payload: Uint8Array) =>
  Buffer.concat([Buffer.of(0x80 | opcode, payload.length), payload]);

/** Whatever comes, from the moment on at which it is called. */
function collect(transport: Transport) {
  const messages: (string | ArrayBuffer)[] = [];
  const ends: TransportEnd[] = [];
  transport.onmessage = (message) => messages.push(message);
  transport.onclose = (end) => ends.push(end);
  return { messages, ends };
}

const turns = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A server that keeps what it is sent. */
async function echoless() {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  servers.push(server);
  const received: Buffer[] = [];
  server.on("connection", (socket) => {
    socket.on("message", (data) => received.push(data as Buffer));
  });
  return { received, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

test("what comes in one piece with the 101 is not lost, and the end comes behind it", async () => {
  const url = await raw((socket, accept) => {
    socket.end(Buffer.concat([accepted(accept), frame(1, utf8("hello")), frame(8, Uint8Array.of(3, 0xe8))]));
  });
  const transport = await webSocket()(url, ["sftp"], never);
  await turns();
  const order: string[] = [];
  transport.onclose = ({ code }) => order.push(`end ${code}`);
  transport.onmessage = (message) => order.push(message as string);
  expect(order).toEqual([]);
  await until("both", () => order.length === 2);
  expect(order).toEqual(["hello", "end 1000"]);
});

test("between two owners messages are held back", async () => {
  const url = await raw((socket, accept) => {
    socket.write(
      Buffer.concat([accepted(accept), frame(1, utf8("ready")), frame(1, utf8("1")), frame(1, utf8("2"))]),
    );
  });
  const transport = await webSocket()(url, ["sftp"], never);
  await new Promise<void>((resolve) => {
    transport.onmessage = (message) => {
      expect(message).toBe("ready");
      transport.onmessage = undefined;
      resolve();
    };
  });
  await turns();
  const { messages } = collect(transport);
  await until("the others", () => messages.length === 2);
  expect(messages).toEqual(["1", "2"]);
  transport.close();
});

test("a server that floods before anybody listens is hung up on", async () => {
  const url = await raw((socket, accept) => {
    socket.write(accepted(accept));
    for (let count = 0; count < 1000; count++) socket.write(frame(1, utf8("flood")));
    socket.on("data", () => socket.end(frame(8, Uint8Array.of(0x0f, 0xa0))));
  });
  const transport = await webSocket()(url, ["sftp"], never);
  await turns();
  const { messages, ends } = collect(transport);
  await until("the end", () => ends.length);
  expect(ends[0]?.code).toBe(4000);
  expect(messages.length).toBeLessThan(100);
});

test("a connection that is cut ends with 1006, once", async () => {
  const url = await raw((socket, accept) => socket.end(accepted(accept)));
  const { ends } = collect(await webSocket()(url, ["sftp"], never));
  await until("the end", () => ends.length);
  expect(ends).toEqual([{ code: 1006, reason: "" }]);
});

test("after the end and after close nothing is sent, and nothing throws", async () => {
  const { received, url } = await echoless();
  const transport = await webSocket()(url, ["sftp"], never);
  const { ends } = collect(transport);
  transport.send("before");
  transport.close(4001, "enough");
  transport.send("after");
  await until("the end", () => ends.length);
  transport.send("later");
  transport.close();
  expect(ends).toEqual([{ code: 4001, reason: "enough" }]);
  expect(received.map(String)).toEqual(["before"]);
  expect(transport.bufferedAmount).toBe(0);
});

test("Blobs and bytes keep the order in which they were sent", async () => {
  const { received, url } = await echoless();
  const transport = await webSocket()(url, ["sftp"], never);
  const sent: number[] = [];
  for (let count = 0; count < 200; count++) {
    const size = count % 7 === 0 ? 200_000 : 50;
    const bytes = new Uint8Array(size).fill(count);
    transport.send(count % 3 ? bytes : new Blob([bytes]));
    sent.push(count);
  }
  expect(transport.bufferedAmount).toBeGreaterThan(100_000);
  await until("all", () => received.length === 200);
  expect(received.map((data) => data[0])).toEqual(sent.map((count) => count & 255));
  expect(transport.bufferedAmount).toBe(0);
  transport.close();
});

test("an abort while connecting rejects with its reason at once, and the socket is gone", async () => {
  let hungUp = false;
  const url = await raw((socket) => socket.on("end", () => (hungUp = true)).resume());
  const abort = new AbortController();
  const opening = webSocket()(url, ["sftp"], abort.signal);
  setTimeout(() => abort.abort("enough"), 20);
  await expect(opening).rejects.toBe("enough");
  await until("the server to see it", () => hungUp);
  await expect(webSocket()(url, ["sftp"], abort.signal)).rejects.toBe("enough");
});

test("a server that does not answer is given up after the deadline", async () => {
  const url = await raw(() => {});
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const opening = webSocket()(url, ["sftp"], never).catch((it) => it);
  vi.advanceTimersByTime(90_000);
  const error = await opening;
  vi.useRealTimers();
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ closeCode: 0, retryable: true });
  expect(error.message).toMatch(/no answer in 90 s/);
});

test("a refused upgrade is a ConnectionError; 401 is not worth another try, 503 is", async () => {
  for (const [status, retryable] of [
    [401, false],
    [503, true],
  ]) {
    const url = await raw((socket) => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`));
    const error = await webSocket()(url, ["sftp"], never).catch((it) => it);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ closeCode: 0, retryable });
    expect(error.message).toContain(String(status));
  }
});

test("a constructor that throws becomes a ConnectionError without the password of the URL", async () => {
  const error = await webSocket()("http s://me:secret@[", ["sftp"], never).catch((it) => it);
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error.retryable).toBe(false);
  expect(error.message).not.toContain("secret");
  const mixed = class {
    constructor() {
      throw new DOMException("An insecure WebSocket connection may not be initiated", "SecurityError");
    }
  } as unknown as WebSocketConstructor;
  await expect(webSocket(mixed)("ws://host/", ["sftp"], never)).rejects.toThrow(
    "no connection to ws://host/: An insecure WebSocket connection may not be initiated",
  );
});

test("a server that picks no subprotocol is no bridge", async () => {
  const url = await raw((socket, accept) => socket.write(accepted(accept, "")));
  await expect(webSocket()(url, ["sftp"], never)).rejects.toThrow("Server sent no subprotocol");
});
