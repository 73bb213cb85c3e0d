import { expect, test } from "vitest";
import { concat, string, uint32, utf8 } from "../../../src/bytes.ts";
import { decodeAttributes } from "../../../src/codec/attributes.ts";
import { Type } from "../../../src/codec/numbers.ts";
import * as requests from "../../../src/codec/request.ts";
import { decodeHandle } from "../../../src/codec/response.ts";
import { type CoreClient, connect } from "../../../src/core.ts";
import { ConnectionError, ProtocolError, SftpError } from "../../../src/errors.ts";
import { Session } from "../../../src/session/session.ts";
import { type Answer, FakeServer } from "../../support/fake-server.ts";
import { until } from "../../support/process.ts";
import * as reply from "../../support/server-codec.ts";
import { failOnUnhandled } from "../../support/unhandled.ts";

failOnUnhandled();

/** A session whose server answers STAT so, and everything else as it should. */
async function withStat(answer: Answer): Promise<Session> {
  const server = new FakeServer();
  const session = await Session.open(server.connect());
  server.answer = (request, connection) =>
    request.operation === "stat" ? answer(request, connection) : undefined;
  return session;
}

const stat = (session: Session) =>
  session.request(requests.stat("/"), Type.ATTRS, { operation: "stat", path: "/" });

/** The request and whatever else is under way fail by this error, and so does what comes later. */
async function endsBy(session: Session, words: RegExp): Promise<void> {
  const results = await Promise.allSettled([stat(session), stat(session)]);
  const error = await session.closed;
  expect(error).toBeInstanceOf(ProtocolError);
  expect(error.message).toMatch(words);
  expect(results.at(-1)).toEqual({ status: "rejected", reason: error });
  await expect(stat(session)).rejects.toBe(error);
}

const packets: [name: string, answer: (id: number) => Uint8Array, words: RegExp][] = [
  ["nothing at all", () => new Uint8Array(0), /4 bytes where \d may be/],
  ["half a length", () => new Uint8Array(3), /4 bytes where \d may be/],
  ["no type", () => uint32(0), /1 bytes where 0 may be/],
  ["no request id", () => concat(uint32(3), Uint8Array.of(Type.ATTRS, 0, 0)), /4 bytes where \d may be/],
  ["less than the length says", (id) => reply.status(id).subarray(0, -1), /bytes in a message with/],
  ["more than the length says", (id) => concat(reply.status(id), uint32(0)), /bytes in a message with/],
  ["two packets in a message", (id) => concat(reply.status(id), reply.status(id)), /bytes in a message/],
  ["an id that nobody uses", (id) => reply.status(id + 1000), /a reply to no request: \d+/],
  ["VERSION once more", () => reply.version(), /a reply to no request: 3/],
  ["a HANDLE", (id) => reply.handle(id, "h"), /stat was answered by packet type 102, not 105/],
  ["a request", (id) => reply.packet(Type.STAT, uint32(id), string("/")), /by packet type 17,/],
  ["OK", (id) => reply.status(id), /stat was answered by packet type 101, not 105/],
  ["a STATUS without a code", (id) => reply.packet(Type.STATUS, uint32(id)), /4 bytes where \d may be/],
  ["over a megabyte", (id) => reply.data(id, new Uint8Array(1_200_000)), /packet of 1200009 bytes/],
];

for (const [name, answer, words] of packets) {
  test(`a server that answers with ${name} is no longer talked to`, async () => {
    const session = await withStat(({ id }) => answer(id) as Uint8Array<ArrayBuffer>);
    await endsBy(session, words);
  });
}

test("a second reply to the same request ends the session", async () => {
  const session = await withStat(({ id }) => [reply.attributes(id, {}), reply.attributes(id, {})]);
  await stat(session);
  expect(await session.closed).toMatchObject({ name: "ProtocolError", message: /a reply to no request/ });
});

test("a body that does not decode ends the session, where the session decodes", async () => {
  const server = new FakeServer({ answer: ({ id, operation }) => broken(id, operation) });
  const broken = (id: number, operation: string) =>
    operation === "stat" ? reply.packet(Type.ATTRS, uint32(id), uint32(1), uint32(0)) : undefined;
  const session = await Session.open(server.connect());
  const asked = { operation: "stat", decode: decodeAttributes };
  await expect(session.request(requests.stat("/"), Type.ATTRS, asked)).rejects.toThrow(ProtocolError);
  expect(await session.closed).toBeInstanceOf(ProtocolError);
});

test("what decoding throws otherwise fails its request alone", async () => {
  const session = await withStat(({ id }) => reply.attributes(id, {}));
  const decode = () => {
    throw new RangeError("too large");
  };
  const asked = { operation: "stat", decode };
  await expect(session.request(requests.stat("/"), Type.ATTRS, asked)).rejects.toThrow(RangeError);
  await session.request(requests.realpath("."), Type.NAME, { operation: "realpath" });
  session.close();
});

test("a reply of the wrong type to any operation is an error, and ends the session", async () => {
  const operations: Record<string, (client: CoreClient) => Promise<unknown>> = {
    stat: (client) => client.stat("/"),
    lstat: (client) => client.lstat("/"),
    realpath: (client) => client.realpath("."),
    readlink: (client) => client.readlink("/"),
    setstat: (client) => client.setAttributes("/", { mode: 0 }),
    mkdir: (client) => client.mkdir("/new"),
    rmdir: (client) => client.rmdir("/new"),
    symlink: (client) => client.symlink("a", "/b"),
    open: (client) => client.open("/file"),
    opendir: (client) => client.readdir("/"),
    readdir: (client) => client.readdir("/"),
    read: async (client) => (await client.open("/file")).read(0, 1),
    write: async (client) => (await client.open("/file", { write: true })).write(0, new Uint8Array(1)),
    fstat: async (client) => (await client.open("/file")).stat(),
  };
  const bodies = {
    [Type.HANDLE]: (id: number) => reply.handle(id, "h"),
    [Type.DATA]: (id: number) => reply.data(id, new Uint8Array(1)),
    [Type.NAME]: (id: number) => reply.names(id, [{ name: "n" }]),
    [Type.ATTRS]: (id: number) => reply.attributes(id, {}),
    [Type.EXTENDED_REPLY]: (id: number) => reply.extendedReply(id),
    99: (id: number) => reply.packet(99, uint32(id)),
  };
  const due: Record<string, number> = {
    ...{ stat: Type.ATTRS, lstat: Type.ATTRS, fstat: Type.ATTRS, realpath: Type.NAME, readlink: Type.NAME },
    ...{ open: Type.HANDLE, opendir: Type.HANDLE, readdir: Type.NAME, read: Type.DATA },
  };
  for (const [operation, run] of Object.entries(operations)) {
    for (const [type, body] of Object.entries(bodies)) {
      if (Number(type) === due[operation]) continue;
      const server = new FakeServer();
      server.put("/file", "content");
      const client = await connect("ws://fake/", { transport: server.open });
      server.answer = (request) => (request.operation === operation ? body(request.id) : undefined);
      await expect(run(client), `${type} for ${operation}`).rejects.toThrow(
        new RegExp(`${operation.replace("opendir", "readdir")} was answered by packet type ${type},`),
      );
      await expect(client.stat("/")).rejects.toThrow(Error);
    }
  }
});

test("more data than was asked for ends the session, and so does an overlong handle", async () => {
  const server = new FakeServer();
  server.put("/file", "content");
  const client = await connect("ws://fake/", { transport: server.open });
  server.answer = ({ operation, id }) =>
    operation === "read" ? reply.data(id, new Uint8Array(5)) : undefined;
  const file = await client.open("/file");
  await expect(file.read(0, 4)).rejects.toThrow(ProtocolError);
  expect(await file.session.closed).toMatchObject({ message: "5 bytes where 4 may be" });
  const other = await connect("ws://fake/", { transport: server.open });
  const session = await other.connection.session();
  server.answer = ({ operation, id }) =>
    operation === "open" ? reply.handle(id, "h".repeat(257)) : undefined;
  await expect(other.open("/file")).rejects.toThrow(ProtocolError);
  expect(await session.closed).toBeInstanceOf(ProtocolError);
});

test("a handle of more than 256 bytes ends the session, also after an abort", async () => {
  for (const aborted of [false, true]) {
    const server = new FakeServer();
    const session = await Session.open(server.connect());
    server.answer = ({ id }) => reply.handle(id, "h".repeat(257));
    const abort = new AbortController();
    const asked = { operation: "open", signal: abort.signal, decode: decodeHandle };
    const opened = session.request(requests.open("/", 1), Type.HANDLE, asked);
    if (aborted) abort.abort("enough");
    const result = await opened.catch((error) => error);
    expect(await session.closed).toMatchObject({
      name: "ProtocolError",
      message: "257 bytes where 256 may be",
    });
    expect(result).toEqual(aborted ? "enough" : await session.closed);
  }
});

test("a version other than 3 is refused, and the connection closed", async () => {
  for (const number of [0, 2, 4, 0xffffffff]) {
    const server = new FakeServer({ answer: () => reply.version({}, number) });
    const client = server.connect();
    await expect(Session.open(client)).rejects.toThrow(`the server speaks SFTP ${number}, not 3`);
    expect(client.open).toBe(false);
  }
});

test("anything but VERSION in answer to INIT is refused", async () => {
  const answers: [Answer, new (...args: never[]) => Error][] = [
    [() => reply.status(0), ProtocolError],
    [() => reply.status(0, 4, "no"), ProtocolError],
    [() => reply.status(3, 4, "no"), SftpError],
    [() => reply.attributes(0, {}), ProtocolError],
    [() => reply.attributes(1, {}), ProtocolError],
    [() => reply.packet(Type.VERSION, uint32(3), string("half an extension")), ProtocolError],
    [() => reply.packet(Type.VERSION), ProtocolError],
  ];
  for (const [answer, kind] of answers) {
    const client = new FakeServer({ answer }).connect();
    await expect(Session.open(client)).rejects.toThrow(kind);
    expect(client.open).toBe(false);
  }
});

test("a list of extensions without end is cut off by the size of a packet", async () => {
  const many = (count: number) => reply.packet(Type.VERSION, uint32(3), new Uint8Array(4 * count));
  await expect(Session.open(new FakeServer({ answer: () => many(400_000) }).connect())).rejects.toThrow(
    /packet of 1600005 bytes/,
  );
  const session = await Session.open(new FakeServer({ answer: () => many(200_000) }).connect());
  expect(session.extensions.size).toBe(1);
  session.close();
});

test("the connection may be lost at any packet: everything under way fails, and nothing hangs", async () => {
  for (let dropAfter = 0; dropAfter < 12; dropAfter++) {
    const server = new FakeServer({ dropAfter });
    server.put("/dir/file", "content");
    const work = async () => {
      const client = await connect("ws://fake/", { transport: server.open });
      const file = await client.open("/dir/file");
      await Promise.all([file.read(0, 3), file.read(3, 3), client.readdir("/dir"), client.stat("/")]);
      await file.close();
      await client.stat("/dir");
      await client.stat("/dir");
    };
    const error = await work().catch((it) => it);
    expect(error, `after ${dropAfter}`).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ closeCode: 1006, retryable: true });
  }
});

test("a server that never answers is given up: at INIT, at limits, and later", async () => {
  const silent: Answer = () => [];
  const atInit = new FakeServer({ answer: silent }).connect();
  await expect(Session.open(atInit, { silence: 20 })).rejects.toThrow("no answer in 0.02 s");
  const atLimits = new FakeServer({
    answer: ({ operation }) => (operation === "init" ? undefined : []),
  }).connect();
  await expect(Session.open(atLimits, { silence: 20 })).rejects.toThrow(ConnectionError);
  // Texts are no sign of life of the SFTP server.
  const talking = new FakeServer({ answer: silent });
  const chatter = setInterval(() => talking.connections[0]?.send("{}"), 5);
  await expect(Session.open(talking.connect(), { silence: 40, text: () => {} })).rejects.toThrow("no answer");
  clearInterval(chatter);
  const server = new FakeServer();
  const session = await Session.open(server.connect(), { silence: 40 });
  await stat(session);
  server.answer = silent;
  const error = await stat(session).catch((it) => it);
  expect(error).toMatchObject({ name: "ConnectionError", message: "no answer in 0.04 s" });
  expect([atInit.open, atLimits.open]).toEqual([false, false]);
  await until("the connection to be closed", () => server.connections[0]?.transport.open === false);
});

test("a text message is no sign of life and no reply, and what its taker throws ends the session", async () => {
  const notice = '{"type":"notice","kind":"drain","seconds":30,"message":"Soon."}';
  const texts: string[] = [];
  const server = new FakeServer({ answer: ({ operation }) => (operation === "stat" ? "hello" : undefined) });
  const text = (message: string) => {
    texts.push(message);
    if (message !== notice) throw new ProtocolError("that is no notice");
  };
  const session = await Session.open(server.connect(), { text });
  server.connections[0]?.send(notice);
  await endsBy(session, /no notice/);
  expect(texts).toEqual([notice, "hello"]);
});

test("what a server says of its limits is kept within what is sane", async () => {
  const max = 2 ** 53;
  const cases: [said: [number, number, number, number] | undefined, maxPacket: number | undefined, object][] =
    [
      [undefined, undefined, { read: 32_768, write: 32_768 }],
      [[262_144, 261_120, 261_120, 1019], 262_148, { read: 261_120, write: 261_120 }],
      [[262_144, 261_120, 261_120, 1019], 65_540, { read: 261_120, write: 64_512 }],
      [[0, 0, 0, 0], undefined, { read: 32_768, write: 32_768 }],
      [[1, 1, 1, 1], undefined, { read: 1024, write: 1024 }],
      [[max, max, max, max], undefined, { read: 261_124, write: 261_120 }],
      [[max, max, max, max], 2 ** 24, { read: 1_048_576, write: 1_048_576 }],
    ];
  for (const [limits, maxPacket, usable] of cases) {
    const server = new FakeServer(limits ? { limits } : { extensions: {} });
    const session = await Session.open(server.connect(), { maxPacket });
    expect(session.limits).toMatchObject(usable);
    session.close();
  }
});

test("a server that announces limits and refuses to tell them has the usual ones", async () => {
  const server = new FakeServer({
    answer: ({ operation, id }) =>
      operation === "limits@openssh.com" ? reply.status(id, 4, "Failure") : undefined,
  });
  const session = await Session.open(server.connect());
  expect(session.limits.read).toBe(32_768);
  session.close();
  const short = new FakeServer({
    answer: ({ operation, id }) =>
      operation === "limits@openssh.com" ? reply.extendedReply(id, utf8("x")) : undefined,
  });
  await expect(Session.open(short.connect())).rejects.toThrow(ProtocolError);
});
