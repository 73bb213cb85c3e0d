import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { connect, type SftpClient } from "../../src/index.ts";
import { Bridge, type BridgeOptions } from "../support/bridge.ts";
import { asking, typed } from "../support/otp.ts";
import { tool, until } from "../support/process.ts";
import { Relay } from "../support/relay.ts";
import { Sshd, type SshdOptions } from "../support/sshd.ts";
import { testUser } from "../support/user.ts";

const running: AsyncDisposable[] = [];
const { name: user, password } = testUser();
const auth = { method: "password", user, password } as const;

/** Sessions are not waited for when the bridge ends. */
const hasty = { limits: 'drain = "100ms"' };

async function site(sshdOptions: SshdOptions = {}, bridgeOptions: BridgeOptions = {}) {
  const sshd = await Sshd.start(sshdOptions);
  running.unshift(sshd);
  const bridge = await Bridge.start(sshd, bridgeOptions);
  running.unshift(bridge);
  const relay = await Relay.to(bridge.port);
  running.unshift(relay);
  return { sshd, bridge, relay };
}

afterEach(async () => {
  for (const it of running.splice(0)) await it[Symbol.asyncDispose]();
});

/** Cuts the connection, and waits until another session is there and works. */
async function cut(relay: Relay, client: SftpClient) {
  const before = await client.connection.session();
  relay.cut();
  await before.closed;
  expect(await client.connection.session()).not.toBe(before);
  await client.realpath(".");
}

test("three cuts cost no second one-time code", async () => {
  const { sshd, relay } = await site(asking);
  const prompt = vi.fn(typed);
  const client = await connect(relay.url, {
    auth: { method: "keyboard-interactive", user },
    prompt,
    reconnect: { delay: 50 },
  });
  const asked = prompt.mock.calls.length;
  const tokens = new Set([client.resumption?.token]);
  for (let loss = 0; loss < 3; loss++) {
    await cut(relay, client);
    tokens.add(client.resumption?.token);
  }
  expect(prompt).toHaveBeenCalledTimes(asked);
  expect(tokens.size).toBe(4);
  expect(sshd.log.match(/Accepted keyboard-interactive/g)).toHaveLength(1);
  await client.close();
});

test.each(["cut", "half-open"] as const)(
  "ready is lost twice, and the bridge sees the socket %s: it costs no second one-time code",
  async (how) => {
    const { sshd, relay } = await site(asking);
    const prompt = vi.fn(typed);
    const client = await connect(relay.url, {
      auth: { method: "keyboard-interactive", user },
      prompt,
      reconnect: { delay: 50 },
    });
    const asked = prompt.mock.calls.length;
    relay.unheard.push(how, how);
    await cut(relay, client);
    expect(relay.unheard).toEqual([]);
    expect(relay.connections).toBe(4);
    await cut(relay, client);
    expect(prompt).toHaveBeenCalledTimes(asked);
    expect(sshd.log.match(/Accepted keyboard-interactive/g)).toHaveLength(1);
    await client.close();
  },
);

test("a bridge that was started anew knows no token: the password logs in again", async () => {
  const { bridge, sshd, relay } = await site({}, hasty);
  const client = await connect(relay.url, { auth, reconnect: { delay: 100, maximum: 200 } });
  const before = await client.connection.session();
  await bridge.restart();
  await before.closed;
  await client.realpath(".");
  expect(sshd.log.match(/Accepted password/g)).toHaveLength(2);
  await client.close();
});

test("a bridge that was started anew ends a login that only a person could repeat", async () => {
  const { bridge, relay } = await site(asking, hasty);
  const client = await connect(relay.url, {
    auth: { method: "keyboard-interactive", user },
    prompt: typed,
    reconnect: { delay: 100, maximum: 200 },
  });
  await bridge.restart();
  await until("the end", () => client.state === "closed");
  await expect(client.realpath(".")).rejects.toMatchObject({ name: "AuthError", code: "resume-refused" });
});

/** sftp-server by way of a script that notes its process. */
function noted() {
  const folder = mkdtempSync(join(tmpdir(), "sftpbridge-web-"));
  running.push({ [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }) });
  const pids = join(folder, "pids");
  const subsystem = join(folder, "server");
  writeFileSync(pids, "");
  chmodSync(pids, 0o666);
  writeFileSync(subsystem, `#!/bin/sh\necho $$ >> ${pids}\nexec ${tool("sftp-server")}\n`);
  chmodSync(subsystem, 0o755);
  chmodSync(folder, 0o755);
  const processes = () => readFileSync(pids, "utf8").trim().split("\n").map(Number);
  return { subsystem, processes };
}

/** The process of sshd that serves this one's connection. */
function sshdAbove(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return /^Name:\tsshd/.test(status) ? pid : sshdAbove(Number(/^PPid:\t(\d+)/m.exec(status)?.[1]));
}

test.each([
  ["sftp-server", "The SFTP server left requests unanswered."],
  ["its sshd", "The connection to the SFTP server was lost."],
])("%s dies with a request unanswered: the request is made again on the next", async (what, reason) => {
  const { subsystem, processes } = noted();
  const { sshd, relay } = await site({ subsystem });
  const client = await connect(relay.url, { auth });
  const before = await client.connection.session();
  const { received } = relay;
  const [server = 0] = processes();
  const session = sshdAbove(server);
  process.kill(server, "SIGSTOP");
  const answer = client.realpath(".");
  await until("the request to leave", () => relay.received > received);
  process.kill(what === "sftp-server" ? server : session, "SIGKILL");
  expect(await answer).toMatch("/");
  expect(await before.closed).toMatchObject({ closeCode: 1011, reason: expect.stringContaining(reason) });
  expect(processes()).toHaveLength(2);
  expect(sshd.log.match(/Accepted password/g)).toHaveLength(2);
  if (what !== "sftp-server") process.kill(server, "SIGKILL");
  await client.close();
});

test("another page goes on with the login that this one handed over, without a code", async () => {
  const { sshd, relay } = await site(asking);
  const first = await connect(relay.url, {
    auth: { method: "keyboard-interactive", user },
    prompt: typed,
  });
  const way = first.detach();
  expect(first.state).toBe("closed");
  expect(first.resumption).toBeUndefined();
  const token = way?.token ?? "";
  const second = await connect(relay.url, { auth: { method: "resume", token } });
  await second.realpath(".");
  expect(second.resumption?.user).toBe(user);
  expect(sshd.log.match(/Accepted keyboard-interactive/g)).toHaveLength(1);
  await second.close();
  const third = connect(relay.url, { auth: { method: "resume", token } });
  await expect(third).rejects.toMatchObject({ code: "resume-refused" });
});

test("a session that was taken over by another page is not taken back", async () => {
  const { relay } = await site();
  const first = await connect(relay.url, { auth });
  const token = first.resumption?.token ?? "";
  const second = await connect(relay.url, { auth: { method: "resume", token } });
  await until("the first to end", () => first.state === "closed");
  await expect(first.realpath(".")).rejects.toMatchObject({ closeCode: 1008 });
  await second.realpath(".");
  await second.close();
});

test("a session that was idle for too long comes back with the next request", async () => {
  const { relay } = await site({}, { limits: 'idle = "1s"' });
  const notices: string[] = [];
  const client = await connect(relay.url, { auth });
  client.connection.listen(({ notice }) => notice && notices.push(notice.kind));
  await until("the end of an idle session", () => client.state === "suspended");
  expect(relay.connections).toBe(1);
  expect(notices).toEqual(["idle"]);
  expect(await client.realpath("/")).toBe("/");
  expect(relay.connections).toBe(2);
  await client.close();
});

/** Timers that are set from here on, and neither fired nor cleared. */
function pendingTimers(): Set<unknown> {
  const pending = new Set<unknown>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  vi.stubGlobal("setTimeout", (run: () => void, milliseconds: number) => {
    const timer = set(() => {
      pending.delete(timer);
      run();
    }, milliseconds);
    pending.add(timer);
    return timer;
  });
  vi.stubGlobal("clearTimeout", (timer: NodeJS.Timeout) => {
    pending.delete(timer);
    clear(timer);
  });
  return pending;
}

test.each(["ready", "back-off", "opening"] as const)(
  "closing while it is in the phase: %s leaves no timer and no socket",
  async (phase) => {
    const { bridge, relay } = await site({}, hasty);
    const pending = pendingTimers();
    const client = await connect(relay.url, { auth, reconnect: { delay: 60_000 } });
    const { connections } = relay;
    relay.deaf = phase === "opening";
    if (phase === "back-off") await bridge[Symbol.asyncDispose]();
    if (phase === "opening") relay.cut();
    if (phase !== "ready") await until("another try", () => relay.connections > connections);
    if (phase === "back-off") await until("its end", () => relay.open === 0);
    const later = phase === "ready" ? undefined : client.realpath(".");
    const refused = later && expect(later).rejects.toMatchObject({ closeCode: 1000, retryable: false });
    await client.close();
    await refused;
    await until("all timers and sockets to be gone", () => pending.size === 0 && relay.open === 0);
    vi.unstubAllGlobals();
  },
);
