import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Link, type LinkOptions } from "../support/link.ts";
import { until } from "../support/process.ts";

/** A connection through a link: both ends, and the link between them. */
async function through(options: LinkOptions): Promise<{ link: Link; client: Socket; server: Socket }> {
  const listener = createServer({ noDelay: true, allowHalfOpen: true });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const link = await Link.start((listener.address() as AddressInfo).port, options);
  const accepted = once(listener, "connection");
  const client = dial({ port: link.port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  const [server] = (await accepted) as [Socket];
  for (const socket of [client, server]) socket.on("error", () => {});
  onTestFinished(async () => {
    client.destroy();
    server.destroy();
    await link[Symbol.asyncDispose]();
    listener.close();
  });
  return { link, client, server };
}

const closed = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

/** Milliseconds until so many bytes have come. */
async function received(socket: Socket, bytes: number): Promise<number> {
  const start = performance.now();
  await new Promise<void>((resolve) => {
    let got = 0;
    socket.on("data", (data: Buffer) => {
      got += data.length;
      if (got >= bytes) resolve();
    });
  });
  return performance.now() - start;
}

test("a byte takes the delay of its way, and an answer that of both", async () => {
  const { client, server } = await through({ up: { delay: 30 }, down: { delay: 70 } });
  server.on("data", (data) => server.write(data));
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    client.write("x");
    await once(client, "data");
    times.push(performance.now() - start);
  }
  expect(Math.min(...times)).toBeGreaterThanOrEqual(99);
  expect(Math.min(...times)).toBeLessThan(130);
});

test.each([
  [2e6, 1 << 17],
  [10e6, 1 << 20],
  [400e6, 24 << 20],
])("at %d bit/s bytes take their time", async (rate, bytes) => {
  const { client, server } = await through({ rate, delay: 10 });
  client.write(Buffer.alloc(bytes));
  const took = await received(server, bytes);
  const due = (bytes * 8000) / rate + 10;
  expect(took).toBeGreaterThan(due * 0.9);
  expect(took).toBeLessThan(due * 2 + 300);
});

test("all bytes come in order, and the end after them", async () => {
  const { client, server } = await through({ rate: 200e6, delay: 5, queue: 20_000 });
  const sent = randomBytes(3 << 20);
  const hash = createHash("sha256");
  server.on("data", (data: Buffer) => hash.update(data));
  for (let at = 0; at < sent.length; ) {
    const size = 1 + (sent[at] ?? 0) * 400;
    client.write(sent.subarray(at, at + size));
    at += size;
  }
  client.end();
  await once(server, "end");
  expect(hash.digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
});

test("connections share the rate", async () => {
  const { link, client, server } = await through({ rate: 20e6 });
  const bytes = 1 << 19;
  server.on("data", () => {});
  client.write(Buffer.alloc(bytes * 4));
  const start = performance.now();
  await until("bytes to arrive", () => link.up.bytes >= bytes);
  expect(performance.now() - start).toBeGreaterThan(190);
});

test("who does not read stops the sender, and the link keeps no more than its bounds", async () => {
  const receiveWindow = 1 << 20;
  const { link, client, server } = await through({ delay: 5, receiveWindow });
  server.pause();
  const block = Buffer.alloc(1 << 20);
  for (let i = 0; i < 40; i++) client.write(block);
  await until("the sender to be stopped", async () => {
    const before = client.bytesWritten - client.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return client.writableLength > 0 && before === client.bytesWritten - client.writableLength;
  });
  expect(link.up.peak).toBeLessThanOrEqual(receiveWindow);
  expect(await received(server.resume(), 40 << 20)).toBeLessThan(10_000);
});

test("a small bottleneck's queue bounds what waits in the path", async () => {
  const { link, client, server } = await through({ rate: 8e6, delay: 20, queue: 16_384 });
  server.on("data", () => {});
  client.write(Buffer.alloc(200_000));
  await until("half of it", () => link.up.bytes > 100_000);
  // The queue, what 20 ms hold, and a read that is being taken.
  expect(link.up.peak).toBeLessThanOrEqual(16_384 + 20_000 + 30_000);
});

test("slow start doubles what is under way each round trip", async () => {
  const bytes = 14_480 * 15;
  const { client, server } = await through({ delay: 25, initialWindow: 14_480 });
  client.write(Buffer.alloc(bytes));
  const took = await received(server, bytes);
  // 1 + 2 + 4 + 8 first windows: three round trips and one way.
  expect(took).toBeGreaterThan(170);
  expect(took).toBeLessThan(400);
});

test("a cut resets both sides, and the next connection is taken", async () => {
  const { link, client, server } = await through({ delay: 5 });
  const errors = Promise.all([closed(client), closed(server)]);
  link.cut();
  await errors;
  expect(link.connections).toBe(0);
  const again = dial(link.port, "127.0.0.1");
  await once(again, "connect");
  await until("the connection", () => link.connections === 1);
  again.destroy();
});

test("a silent cut tells nobody", async () => {
  const { link, client, server } = await through({ delay: 1 });
  let heard = 0;
  for (const socket of [client, server]) {
    socket.on("data", () => heard++);
    socket.on("close", () => heard++);
  }
  link.cut("silent");
  client.write("x");
  server.write("x");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(heard).toBe(0);
});

test("while it stalls nothing comes, and all of it afterwards", async () => {
  const { link, client, server } = await through({ delay: 5 });
  link.stall();
  client.write("before");
  const took = received(server, 6);
  await new Promise((resolve) => setTimeout(resolve, 150));
  link.resume();
  expect(await took).toBeGreaterThan(140);
});

test("a link that accepts nobody resets whoever connects", async () => {
  const { link } = await through({});
  link.accepting = false;
  const client = dial(link.port, "127.0.0.1");
  client.on("error", () => {});
  await closed(client);
  expect(link.connections).toBe(1);
});
