import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Type } from "../../src/codec/numbers.ts";
import * as requests from "../../src/codec/request.ts";
import { connect } from "../../src/core.ts";
import { login } from "../../src/login/conversation.ts";
import { Session } from "../../src/session/session.ts";
import { type WebSocketConstructor, webSocket } from "../../src/transport/websocket.ts";
import { Bridge } from "../support/bridge.ts";
import { until } from "../support/process.ts";
import { Sshd } from "../support/sshd.ts";
import { failOnUnhandled } from "../support/unhandled.ts";
import { testUser } from "../support/user.ts";

failOnUnhandled();

let sshd: Sshd;
let bridge: Bridge;
const never = new AbortController().signal;

beforeAll(async () => {
  sshd = await Sshd.start();
  bridge = await Bridge.start(sshd);
});

afterAll(async () => {
  await bridge?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

async function start(url = bridge.url) {
  const { name: user, password } = testUser();
  const transport = await webSocket()(url, ["sftp-login.v1"], never);
  const ready = await login(transport, { auth: { method: "password", user, password }, signal: never });
  const texts: { type: string; kind: string; seconds: number; message: string }[] = [];
  const text = (message: string) => void texts.push(JSON.parse(message));
  const session = await Session.open(transport, { maxPacket: ready.max_packet, text });
  return { session, texts };
}

const stat = (session: Session) =>
  session.request(requests.stat(sshd.files), Type.ATTRS, { operation: "stat" });

/** Ends what serves the sessions of this sshd, and not the sshd itself. */
function killSessions(): void {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const config = sshd.files.replace(/files$/, "sshd_config");
  const found = rows.filter((row) => row.includes(config)).map(([pid]) => pid);
  for (const parent of found)
    for (const [pid = "", ppid] of rows) if (ppid === parent && !found.includes(pid)) found.push(pid);
  // From the top: a server that sees its child go would end the session in order.
  for (const pid of found.slice(1)) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      // It went with the one before it.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

test("the server's limits are known when the session is open", async () => {
  const { session } = await start();
  expect(session.limits).toMatchObject({ read: 261_120, write: 261_120 });
  session.close();
});

test("with bytes in the bridge's own limit, WRITE keeps below it, and READ does not need to", async () => {
  await using narrow = await Bridge.start(sshd, { limits: "packet = 65536" });
  const { session } = await start(narrow.url);
  expect(session.limits).toMatchObject({ read: 261_120, write: 65_532 - 1024 });
  const path = `${sshd.files}/narrow`;
  const opened = await session.request(requests.open(path, 2 | 1 | 8), Type.HANDLE, { operation: "open" });
  const handle = opened.string();
  const data = new Uint8Array(session.limits.write).fill(1);
  for (let at = 0; at < 5; at++)
    await session.request(requests.write(handle, at * data.length, data), Type.STATUS, {
      operation: "write",
    });
  const read = requests.read(handle, 0, session.limits.read);
  const body = await session.request(read, Type.DATA, { operation: "read" });
  expect(body.string()).toHaveLength(session.limits.read);
  session.close();
});

test("fifty connections at a time all hear the bridge's first word", async () => {
  const opened = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const transport = await webSocket()(bridge.url, ["sftp-login.v1"], never);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return new Promise((resolve) => {
        transport.onmessage = (message) => {
          resolve(JSON.parse(message as string).type);
          transport.close();
        };
      });
    }),
  );
  expect(new Set(opened)).toEqual(new Set(["hello"]));
});

test("where headers can be set, the subprotocol `sftp` takes the password in the opening handshake", async () => {
  const { name, password } = testUser();
  const basic = (secret: string) =>
    class extends WebSocket {
      constructor(url: string, protocols: string[]) {
        const Authorization = `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`;
        super(url, protocols, { headers: { Authorization } });
      }
    } as unknown as WebSocketConstructor;
  const client = await connect(bridge.url, { transport: webSocket(basic(password)) });
  expect(await client.realpath(sshd.files)).toBe(sshd.files);
  await client.close();
  await expect(connect(bridge.url, { transport: webSocket(basic("wrong")) })).rejects.toMatchObject({
    name: "ConnectionError",
    closeCode: 0,
    retryable: false,
    message: expect.stringContaining("401"),
  });
});

test("a notice comes before an idle session is ended, and the end says why", async () => {
  await using idle = await Bridge.start(sshd, { limits: 'idle = "3s"' });
  const { session, texts } = await start(idle.url);
  const error = await session.closed;
  expect(texts).toEqual([
    { type: "notice", kind: "idle", seconds: expect.any(Number), message: expect.any(String) },
  ]);
  expect(error).toMatchObject({
    name: "ConnectionError",
    closeCode: 1008,
    reason: "Idle for too long: no request for 3 seconds.",
  });
});

test("a notice comes when the bridge is going away; requests go on until it does", async () => {
  await using draining = await Bridge.start(sshd, { limits: 'drain = "1s"' });
  const { session, texts } = await start(draining.url);
  process.kill(draining.pid, "SIGTERM");
  await until("the notice", () => texts.length);
  expect(texts[0]?.kind).toBe("drain");
  await stat(session);
  const error = await session.closed;
  expect(error).toMatchObject({
    closeCode: 1001,
    reason: "The bridge is going away; please connect again.",
  });
  await expect(stat(session)).rejects.toBe(error);
});

test("when the SFTP server dies, the bridge's sentence is in the error, with its reference", async () => {
  const { session } = await start();
  killSessions();
  expect(await session.closed).toMatchObject({
    closeCode: 1011,
    reason: expect.stringMatching(/^The connection to the SFTP server was lost\. \(ref [0-9a-f]{16}\)$/),
  });
});

test("when the bridge is killed, what is under way fails at once", async () => {
  const doomed = await Bridge.start(sshd);
  const { session } = await start(doomed.url);
  process.kill(doomed.pid, "SIGKILL");
  await expect(stat(session)).rejects.toMatchObject({ name: "ConnectionError", closeCode: 1006 });
  await doomed[Symbol.asyncDispose]();
});

test("a breach of the protocol by this side is told by its close code", async () => {
  const { session } = await start();
  const nonsense = { head: new Uint8Array(20) };
  await expect(session.request(nonsense, Type.STATUS, { operation: "nonsense" })).rejects.toMatchObject({
    closeCode: 1007,
    reason: "A message must be exactly one SFTP packet.",
  });
});
