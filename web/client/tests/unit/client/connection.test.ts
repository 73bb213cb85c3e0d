import { expect, test, vi } from "vitest";
import { type ConnectionEvents, openConnection } from "../../../src/client/connection.ts";
import { resumption } from "../../../src/client/reconnect.ts";
import * as requests from "../../../src/codec/request.ts";
import { ConnectionError } from "../../../src/errors.ts";
import { FakeBridge } from "../../support/fake-bridge.ts";
import { until } from "../../support/process.ts";
import { failure, settled } from "../../support/scripted-transport.ts";
import { failOnUnhandled } from "../../support/unhandled.ts";

failOnUnhandled();

const auth = { method: "password", user: "ann", password: "secret" } as const;

async function connected() {
  const bridge = new FakeBridge();
  const connection = await openConnection("ws://bridge/sftp", { auth, transport: bridge.open });
  const events: Partial<ConnectionEvents>[] = [];
  connection.listen((event) => events.push(event));
  return { bridge, connection, events };
}

test("a loss is the end: what is under way fails, and so does what comes later", async () => {
  const { bridge, connection, events } = await connected();
  const session = await connection.session();
  const request = session.request(requests.stat("/"), 105, { operation: "stat" });
  bridge.last.end(1011, "The connection to the SFTP server was lost. (ref 0123456789abcdef)");
  await expect(request).rejects.toMatchObject({ name: "ConnectionError", closeCode: 1011, retryable: true });
  await expect(connection.session()).rejects.toThrow(ConnectionError);
  expect(events).toEqual([{ state: "closed", error: expect.any(ConnectionError) }]);
  expect(bridge.tries).toBe(1);
});

test("after the end the token is forgotten", async () => {
  const { connection } = await connected();
  expect(connection.ready?.resume_token).toBe("token-1");
  await connection.close();
  expect(connection.ready).toMatchObject({ resume_token: null, session: "0123456789abcdef" });
});

test("closing says 1000, another code where it is asked for, and happens once", async () => {
  const first = await connected();
  await first.connection.close();
  await first.connection.close(4001);
  expect(first.bridge.last.closed).toBe(1000);
  expect(first.events.map(({ state }) => state)).toEqual(["closed"]);
  const second = await connected();
  await second.connection.close(4001);
  expect(second.bridge.last.closed).toBe(4001);
});

test("notices are passed on, and whatever else is text is no harm", async () => {
  const { bridge, connection, events } = await connected();
  const notice = { type: "notice", kind: "drain", seconds: 30, message: "The bridge is going away." };
  for (const message of ["", "{", '{"type":"notice"}', { type: "hello" }, { type: "weather" }, notice])
    bridge.last.deliver(message);
  expect(events).toEqual([{ notice }]);
  expect(connection.state).toBe("ready");
});

test("a notice between the login and VERSION is no harm", async () => {
  const bridge = new FakeBridge();
  bridge.versions.push("silence");
  const opening = openConnection("ws://bridge/sftp", { auth, transport: bridge.open });
  await until("INIT", () => bridge.transports[0]?.packets.length);
  bridge.last.deliver({ type: "notice", kind: "drain", seconds: 30, message: "" });
  bridge.last.deliver(Uint8Array.of(0, 0, 0, 5, 2, 0, 0, 0, 3).buffer);
  expect((await opening).state).toBe("ready");
});

test("what a listener throws does not stop the others", async () => {
  const { bridge, connection } = await connected();
  const states: unknown[] = [];
  connection.listen(() => {
    throw new Error("a fault of the page");
  });
  connection.listen(({ state }) => states.push(state));
  bridge.last.end();
  await settled();
  expect(states).toEqual(["closed"]);
});

test("a listener that was removed hears no more", async () => {
  const { connection } = await connected();
  const listener = vi.fn();
  connection.listen(listener)();
  await connection.close();
  expect(listener).not.toHaveBeenCalled();
});

test("a first try that fails rejects, and is not tried again", async () => {
  const bridge = new FakeBridge();
  bridge.sockets.push("refuse");
  const open = () => openConnection("ws://bridge/sftp", { auth, transport: bridge.open });
  await expect(open()).rejects.toThrow(ConnectionError);
  bridge.answers.push(failure("throttled", { retry: false, retry_after: 42 }));
  await expect(open()).rejects.toMatchObject({ code: "throttled", retryAfter: 42 });
  bridge.versions.push("lose");
  await expect(open()).rejects.toThrow(ConnectionError);
  expect(bridge.tries).toBe(3);
});

test.each(["hang", "open"] as const)("the caller gives up while the socket is: %s", async (how) => {
  const bridge = new FakeBridge();
  bridge.sockets.push(how);
  bridge.answers.push("silence");
  const controller = new AbortController();
  const opening = openConnection("ws://bridge/sftp", {
    auth,
    transport: bridge.open,
    signal: controller.signal,
  });
  await settled();
  await settled();
  controller.abort("no reason at all");
  await expect(opening).rejects.toBe("no reason at all");
  expect(bridge.transports.every(({ closed }) => closed === 4000)).toBe(true);
});

test("a transport that comes after the caller gave up is closed", async () => {
  const bridge = new FakeBridge();
  const controller = new AbortController();
  const opening = openConnection("ws://bridge/sftp", {
    auth,
    transport: async (...asked) => {
      const transport = await bridge.open(...asked);
      controller.abort("too late");
      return transport;
    },
    signal: controller.signal,
  });
  await expect(opening).rejects.toBe("too late");
  expect(bridge.last.closed).toBe(4000);
});

test("once connected, the signal of connecting does nothing", async () => {
  const bridge = new FakeBridge();
  const controller = new AbortController();
  const connection = await openConnection("ws://bridge/sftp", {
    auth,
    transport: bridge.open,
    signal: controller.signal,
  });
  controller.abort();
  expect(connection.state).toBe("ready");
  expect(bridge.last.closed).toBeUndefined();
});

test("without auth it is the subprotocol sftp, and nothing is said before INIT", async () => {
  const bridge = new FakeBridge();
  const connection = await openConnection("ws://bridge/sftp", { transport: bridge.open });
  expect(bridge.last.said).toEqual([]);
  expect(connection.ready).toBeUndefined();
});

test("the way back can be handed to another page, and is not there after the end", async () => {
  const { connection } = await connected();
  expect(resumption(connection)).toEqual({ token: "token-1", upstream: "main", user: "ann", seconds: 60 });
  await connection.close(4001);
  expect(resumption(connection)).toBeUndefined();
});

test("the session that is ready is there without waiting, and nothing once it is over", async () => {
  const { bridge, connection } = await connected();
  expect(connection.current).toBe(await connection.session());
  bridge.last.end();
  await settled();
  expect(connection.current).toBeUndefined();
  const other = await connected();
  other.connection.close();
  expect(other.connection.current).toBeUndefined();
});

test("a signal that is aborted before the transport comes ends it, also without a login", async () => {
  const bridge = new FakeBridge();
  const controller = new AbortController();
  const transport: typeof bridge.open = async (...asked) => {
    controller.abort("too late");
    return bridge.open(...asked);
  };
  const { signal } = controller;
  await expect(openConnection("ws://bridge/sftp", { transport, signal })).rejects.toBe("too late");
  expect([bridge.last.closed, bridge.last.packets]).toEqual([4000, []]);
});
