import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ConnectionEvents, ConnectOptions } from "../../../src/client/connection.ts";
import { openReconnecting } from "../../../src/client/reconnect.ts";
import * as requests from "../../../src/codec/request.ts";
import { AuthError, ConnectionError, ProtocolError } from "../../../src/errors.ts";
import type { AskAuth } from "../../../src/login/auth.ts";
import { FakeBridge } from "../../support/fake-bridge.ts";
import { failure, settled } from "../../support/scripted-transport.ts";
import { failOnUnhandled } from "../../support/unhandled.ts";

const auth = { method: "password", user: "ann", password: "secret" } as const;
const REFUSED = failure("resume-refused");

failOnUnhandled();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.unstubAllGlobals().restoreAllMocks();
});

/** A connection that has been ready for an hour. */
async function connected(options: Partial<ConnectOptions> = {}) {
  const bridge = new FakeBridge();
  const connection = await openReconnecting("ws://bridge/sftp", {
    auth,
    transport: bridge.open,
    ...options,
  });
  const events: Partial<ConnectionEvents>[] = [];
  connection.listen((event) => events.push(event));
  vi.advanceTimersByTime(3_600_000);
  const states = () => events.flatMap(({ state }) => state ?? []);
  const methods = () => bridge.logins.map(({ method }) => method);
  return { bridge, connection, events, states, methods };
}

/** What collects garbage now. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Until everything that can happen without time passing has happened. */
async function quiet() {
  for (let round = 0; round < 20; round++) await settled();
}

async function pass(milliseconds: number) {
  await vi.advanceTimersByTimeAsync(milliseconds);
  await quiet();
}

test("it comes back at once by the token, which changes each time", async () => {
  const { bridge, connection, states, methods } = await connected();
  const first = await connection.session();
  const request = first.request(requests.stat("/"), 105, { operation: "stat" });
  bridge.last.end();
  await expect(request).rejects.toMatchObject({ name: "ConnectionError", retryable: true });
  const second = await connection.session();
  expect(second).not.toBe(first);
  await pass(3_600_000);
  bridge.last.end();
  await connection.session();
  expect(methods()).toEqual(["password", "resume", "resume"]);
  expect(bridge.logins.map(({ token }) => token)).toEqual([undefined, "token-1", "token-2"]);
  expect(states()).toEqual(["reconnecting", "ready", "reconnecting", "ready"]);
  await connection.close();
});

test("whoever fails by the loss and asks at once gets the next session", async () => {
  const { bridge, connection } = await connected();
  const first = await connection.session();
  const next = first
    .request(requests.stat("/"), 105, { operation: "stat" })
    .catch(() => connection.session());
  bridge.last.end();
  expect(await next).not.toBe(first);
  await connection.close();
});

test("a token that is refused is not tried again; the login that was made first is", async () => {
  const { bridge, connection, methods } = await connected();
  bridge.answers.push(REFUSED, "lose");
  bridge.last.end();
  await quiet();
  await pass(500);
  await connection.session();
  expect(methods()).toEqual(["password", "resume", "password", "password"]);
  await connection.close();
});

test("a token whose answer was lost is tried again: it is good until the next one is known", async () => {
  const { bridge, connection } = await connected();
  bridge.answers.push("lose", "lose");
  bridge.last.end();
  await quiet();
  await pass(500);
  await pass(1000);
  await connection.session();
  await pass(3_600_000);
  bridge.last.end();
  await connection.session();
  const tokens = bridge.logins.slice(1).map(({ token }) => token);
  expect(tokens).toEqual(["token-1", "token-1", "token-1", "token-2"]);
  await connection.close();
});

test("a loss between the login and VERSION: the next try has the new token", async () => {
  const { bridge, connection } = await connected();
  bridge.versions.push("lose");
  bridge.last.end();
  await quiet();
  expect(connection.state).toBe("reconnecting");
  await pass(500);
  await connection.session();
  expect(bridge.logins.slice(1).map(({ token }) => token)).toEqual(["token-1", "token-2"]);
  await connection.close();
});

test("nobody is asked again where a person was: the login is over", async () => {
  const prompt = vi.fn(() => ["123456"]);
  const { bridge, connection, events } = await connected({
    auth: [{ method: "keyboard-interactive", user: "ann" }],
    prompt,
  });
  bridge.answers.push(REFUSED);
  bridge.last.end();
  await quiet();
  expect(events.at(-1)).toMatchObject({ state: "closed", error: { code: "resume-refused" } });
  await expect(connection.session()).rejects.toThrow(AuthError);
  expect(prompt).not.toHaveBeenCalled();
});

test("questions after a password are not put to a person who did not ask for anything", async () => {
  const prompt = vi.fn(() => ["123456"]);
  const { bridge, connection } = await connected({ prompt });
  const question = { type: "prompt", id: 1, name: "", instruction: "", prompts: [{ text: "", echo: true }] };
  bridge.answers.push(REFUSED, question);
  bridge.last.end();
  await quiet();
  await expect(connection.session()).rejects.toMatchObject({ code: "no-answer" });
  expect(prompt).not.toHaveBeenCalled();
});

test("a function is asked, with the failure, and may have a person answer questions", async () => {
  const source = vi.fn<AskAuth>(() => ({ method: "keyboard-interactive", user: "ann" }));
  const prompt = vi.fn(() => ["123456"]);
  const { bridge, connection } = await connected({ auth: source, prompt });
  const question = { type: "prompt", id: 1, name: "", instruction: "", prompts: [{ text: "", echo: true }] };
  bridge.answers.push(REFUSED, question);
  bridge.last.end();
  await connection.session();
  expect(source.mock.calls.map(([{ failure }]) => failure?.code)).toEqual([undefined, "resume-refused"]);
  expect(prompt).toHaveBeenCalledTimes(1);
  await connection.close();
});

test("a function is not asked for what only time helps, and learns of it later", async () => {
  const source = vi.fn<AskAuth>(() => auth);
  const { bridge, connection } = await connected({ auth: source });
  bridge.answers.push(REFUSED, failure("upstream-failed"));
  bridge.last.end();
  await quiet();
  expect(source).toHaveBeenCalledTimes(2);
  await pass(500);
  await connection.session();
  expect(source.mock.calls.at(-1)?.[0].failure?.code).toBe("upstream-failed");
  await connection.close();
});

test("a wrong password is not tried again", async () => {
  const { bridge, connection, methods } = await connected();
  bridge.answers.push(REFUSED, failure("refused"));
  bridge.last.end();
  await quiet();
  await pass(3_600_000);
  await expect(connection.session()).rejects.toMatchObject({ code: "refused" });
  expect(methods()).toEqual(["password", "resume", "password"]);
});

test("the back-off doubles up to its maximum, with a random part", async () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const { bridge, connection } = await connected({ reconnect: { maximum: 4_000, giveUp: Infinity } });
  bridge.sockets.push(...Array<"refuse">(7).fill("refuse"));
  bridge.last.end();
  await quiet();
  const tries: number[] = [];
  for (const delay of [500, 1_000, 2_000, 4_000, 4_000, 4_000]) {
    await pass(delay - 1);
    tries.push(bridge.tries);
    await pass(1);
  }
  expect(tries).toEqual([2, 3, 4, 5, 6, 7]);
  vi.spyOn(Math, "random").mockReturnValue(0);
  await pass(4_000);
  expect(connection.state).toBe("ready");
  await connection.close();
});

test("without a delay it is no busy loop", async () => {
  const { bridge, connection } = await connected({ reconnect: { delay: 0 } });
  bridge.sockets.push(...Array<"refuse">(50).fill("refuse"));
  bridge.last.end();
  await quiet();
  expect(bridge.tries).toBe(2);
  await connection.close();
});

test("it is given up after a time, with what was wrong last", async () => {
  const { bridge, events } = await connected({ reconnect: { giveUp: 5_000 } });
  bridge.sockets.push(...Array<"refuse">(99).fill("refuse"));
  bridge.last.end();
  await quiet();
  await pass(60_000);
  expect(events.at(-1)).toMatchObject({ state: "closed", error: { closeCode: 0 } });
  expect(bridge.tries).toBeLessThan(8);
});

test("sessions that die at once wait longer each time", async () => {
  const { bridge, connection } = await connected();
  for (let loss = 0; loss < 5; loss++) {
    bridge.last.end();
    await quiet();
    await pass(2 ** loss * 500);
  }
  bridge.last.end();
  await quiet();
  expect(connection.state).toBe("reconnecting");
  await connection.close();
});

test("a session that brought something is no reason to wait", async () => {
  const { bridge, connection, states } = await connected();
  for (let loss = 0; loss < 5; loss++) {
    const session = await connection.session();
    // INIT has taken 3.
    for (let id = 4; id < 24; id++) {
      const request = session.request(requests.stat("/"), 101, { operation: "stat" });
      bridge.last.deliver(Uint8Array.of(0, 0, 0, 17, 101, 0, 0, 0, id, ...Array(12).fill(0)).buffer);
      await request;
    }
    bridge.last.end();
    await quiet();
  }
  expect(connection.state).toBe("ready");
  expect(states()).toHaveLength(10);
  await connection.close();
});

test.each(["ready", "VERSION"])("closing in the turn in which %s comes ends all of it", async (what) => {
  const { bridge, connection } = await connected();
  if (what === "ready") bridge.answers.push("silence");
  else bridge.versions.push("silence");
  bridge.last.end();
  await quiet();
  if (what === "ready") bridge.last.deliver({ ...bridge.ready(), resume_token: "canary" });
  else bridge.last.deliver(Uint8Array.of(0, 0, 0, 5, 2, 0, 0, 0, 3).buffer);
  connection.close();
  await quiet();
  expect(connection).toMatchObject({ state: "closed", current: undefined, ready: { resume_token: null } });
  expect(bridge.last.closed).toBe(4000);
  await expect(connection.session()).rejects.toMatchObject({ retryable: false });
});

test("closing from a listener of the next session ends it there and then", async () => {
  const { bridge, connection, states } = await connected();
  connection.listen(({ state }) => {
    if (state === "ready") connection.close();
  });
  bridge.last.end();
  await quiet();
  await expect(connection.session()).rejects.toMatchObject({ retryable: false });
  expect(states()).toEqual(["reconnecting", "ready", "closed"]);
  expect(bridge.last.closed).toBe(1000);
});

test("a transport that does not hear of the end keeps nobody waiting", async () => {
  const bridge = new FakeBridge();
  const { connection } = await connected({
    transport: (...asked) => (bridge.tries ? new Promise(() => {}) : bridge.open(...asked)),
  });
  bridge.last.end();
  await quiet();
  const waiting = connection.session();
  waiting.catch(() => {});
  await connection.close();
  await expect(waiting).rejects.toMatchObject({ retryable: false });
});

test.each(["ready", "back-off", "suspended", "login"])(
  "closed while it is in the phase: %s it has forgotten what it logged in with",
  async (phase) => {
    const collect = collector();
    const secret = { current: { ...auth } as typeof auth | undefined };
    const held = new WeakRef(secret.current as object);
    const { bridge, connection } = await connected({ auth: secret.current as typeof auth });
    secret.current = undefined;
    if (phase === "back-off") bridge.sockets.push("refuse");
    if (phase === "login") bridge.answers.push("silence");
    const idle = "Idle for too long: no request for 15 minutes.";
    if (phase !== "ready") bridge.last.end(1008, phase === "suspended" ? idle : "");
    await quiet();
    collect();
    expect(held.deref()).toBeDefined();
    await connection.close();
    await quiet();
    collect();
    expect(held.deref()).toBeUndefined();
    expect(connection.state).toBe("closed");
  },
);

test.each([
  ["throttled", 42],
  ["full", 5],
  ["draining", 5],
])("%s waits as long as it is told", async (code, retry_after) => {
  const { bridge, connection } = await connected();
  bridge.answers.push(failure(code, { retry: false, retry_after }));
  bridge.last.end(1001, "The bridge is going away; please connect again.");
  await quiet();
  await pass(retry_after * 1000 - 1);
  expect(bridge.tries).toBe(2);
  await pass(1);
  await connection.session();
  expect(bridge.tries).toBe(3);
  await connection.close();
});

test("where the browser itself has closed the socket the page may be going: the token is left to the next one", async () => {
  const { bridge, connection } = await connected();
  bridge.last.end(1001, "");
  await quiet();
  await pass(2999);
  expect(bridge.tries).toBe(1);
  await pass(1);
  await connection.session();
  expect(bridge.tries).toBe(2);
  await connection.close();
});

test("a wait that no timer can hold is no busy loop", async () => {
  const { bridge, connection } = await connected({ reconnect: { giveUp: Infinity } });
  bridge.answers.push(failure("throttled", { retry: false, retry_after: 1e15 }));
  bridge.last.end();
  await quiet();
  await pass(1_000_000);
  expect(bridge.tries).toBe(2);
  await connection.close();
});

test("a session that went on elsewhere stays there", async () => {
  const { bridge, connection } = await connected();
  bridge.last.end(1008, "The session goes on elsewhere.");
  await quiet();
  await expect(connection.session()).rejects.toThrow(ConnectionError);
  expect([connection.state, bridge.tries]).toEqual(["closed", 1]);
});

test.each([1002, 1003, 1007, 1009])("a breach of the protocol would come again: %i", async (code) => {
  const { bridge, connection } = await connected();
  bridge.last.end(code, "");
  await quiet();
  expect([connection.state, bridge.tries]).toEqual(["closed", 1]);
});

test("a server that breaks the protocol is not gone back to", async () => {
  const { bridge, connection } = await connected();
  bridge.last.deliver(Uint8Array.of(1, 2, 3).buffer);
  await quiet();
  await expect(connection.session()).rejects.toThrow(ProtocolError);
  expect(bridge.tries).toBe(1);
});

test.each([
  "Idle for too long: no request for 15 minutes.",
  "The session reached its longest lifetime, 24 hours.",
])("%s It comes back when it is needed", async (reason) => {
  const { bridge, connection, states } = await connected();
  bridge.last.end(1008, reason);
  await quiet();
  await pass(3_600_000);
  expect([connection.state, bridge.tries]).toEqual(["suspended", 1]);
  await Promise.all([connection.session(), connection.session()]);
  expect(states()).toEqual(["suspended", "reconnecting", "ready"]);
  expect(bridge.tries).toBe(2);
  await connection.close();
});

test("closing while it is suspended is the end", async () => {
  const { bridge, connection } = await connected();
  bridge.last.end(1008, "Idle for too long: no request for 15 minutes.");
  await quiet();
  await connection.close();
  await expect(connection.session()).rejects.toMatchObject({ retryable: false });
  expect(bridge.tries).toBe(1);
});

test("reconnect: false leaves it at the first loss", async () => {
  const { bridge, connection } = await connected({ reconnect: false });
  bridge.last.end();
  await quiet();
  expect([connection.state, bridge.tries]).toEqual(["closed", 1]);
});

test("the network coming back ends the wait, but not one that the bridge asked for", async () => {
  const network = new EventTarget();
  const added = vi.spyOn(network, "addEventListener");
  const removed = vi.spyOn(network, "removeEventListener");
  vi.stubGlobal("addEventListener", network.addEventListener.bind(network));
  vi.stubGlobal("removeEventListener", network.removeEventListener.bind(network));
  const { bridge, connection } = await connected();
  bridge.sockets.push("refuse");
  bridge.answers.push(failure("full", { retry: false, retry_after: 5 }));
  bridge.last.end();
  await quiet();
  network.dispatchEvent(new Event("online"));
  await quiet();
  expect(bridge.tries).toBe(3);
  network.dispatchEvent(new Event("online"));
  await quiet();
  expect(bridge.tries).toBe(3);
  await connection.close();
  await quiet();
  expect(added).toHaveBeenCalledTimes(1);
  expect(removed).toHaveBeenCalledWith("online", added.mock.calls[0]?.[1]);
});

test.each(["back-off", "socket", "login", "version"])(
  "closing during the %s ends all of it",
  async (phase) => {
    const { bridge, connection, states } = await connected();
    if (phase === "back-off") bridge.sockets.push("refuse");
    if (phase === "socket") bridge.sockets.push("hang");
    if (phase === "login") bridge.answers.push("silence");
    if (phase === "version") bridge.versions.push("silence");
    bridge.last.end();
    await quiet();
    const waiting = connection.session();
    waiting.catch(() => {});
    const { tries } = bridge;
    await connection.close();
    await expect(waiting).rejects.toMatchObject({ name: "ConnectionError", retryable: false });
    await quiet();
    expect(vi.getTimerCount()).toBe(0);
    await pass(3_600_000);
    expect(bridge.tries).toBe(tries);
    expect(states()).toEqual(["reconnecting", "closed"]);
    expect(bridge.transports.slice(1).every(({ closed }) => closed !== undefined)).toBe(true);
  },
);

test("closing from a listener ends it there and then", async () => {
  const { bridge, connection } = await connected();
  connection.listen(({ state }) => {
    if (state === "reconnecting") connection.close();
  });
  bridge.last.end();
  await quiet();
  expect([connection.state, bridge.tries]).toEqual(["closed", 1]);
});

test("a transport that comes after the end is closed", async () => {
  const bridge = new FakeBridge();
  let release = () => {};
  const { connection } = await connected({
    transport: async (...asked) => {
      if (bridge.tries)
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      return bridge.open(...asked);
    },
  });
  bridge.last.end();
  await quiet();
  await connection.close();
  release();
  await quiet();
  expect(bridge.transports).toHaveLength(2);
  expect(bridge.last.closed).toBe(4000);
});

test("one who waits no longer does not disturb the others", async () => {
  const { bridge, connection } = await connected();
  bridge.sockets.push("refuse");
  bridge.last.end();
  await quiet();
  const controller = new AbortController();
  const first = connection.session(controller.signal);
  const second = connection.session();
  controller.abort("no reason at all");
  await expect(first).rejects.toBe("no reason at all");
  await pass(500);
  expect(await second).toBe(await connection.session());
  await expect(connection.session(AbortSignal.abort("too late"))).rejects.toBe("too late");
  await connection.close();
});

test("without auth it opens another socket", async () => {
  const bridge = new FakeBridge();
  const connection = await openReconnecting("ws://bridge/sftp", { transport: bridge.open });
  bridge.last.end();
  await connection.session();
  expect(bridge.tries).toBe(2);
  await connection.close();
});
