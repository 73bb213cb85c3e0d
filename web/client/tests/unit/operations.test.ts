import { describe, expect, test } from "vitest";
import { CoreClient } from "../../src/client/core-client.ts";
import { SftpClient } from "../../src/client/sftp-client.ts";
import { Status } from "../../src/codec/numbers.ts";
import { ConnectionError, ProtocolError, SftpError } from "../../src/errors.ts";
import { type Answer, Scripted } from "../support/scripted.ts";
import * as server from "../support/server-codec.ts";

/** Loses the connection at the first request of this operation. */
function losingOnce(operation: string, answer: Answer): Answer {
  let lost = false;
  return (request) => {
    if (lost || request.operation !== operation) return answer(request);
    lost = true;
    return "lost";
  };
}

const name = (id: number) => server.names(id, [{ name: "/here" }]);
const attributes = (id: number) => server.attributes(id, { size: 5 });

describe("when the connection is lost meanwhile and made again,", () => {
  test.each([
    ["stat", attributes, (client: CoreClient) => client.stat("x"), { size: 5 }],
    ["lstat", attributes, (client: CoreClient) => client.lstat("x"), { size: 5 }],
    ["realpath", name, (client: CoreClient) => client.realpath("x"), "/here"],
    ["readlink", name, (client: CoreClient) => client.readlink("x"), "/here"],
  ] as const)("%s is asked once more", async (operation, reply, ask, expected) => {
    const scripted = new Scripted(losingOnce(operation, ({ id }) => reply(id)));
    expect(await ask(new CoreClient(scripted.connection))).toEqual(expected);
    expect(scripted.operations).toEqual([operation, operation]);
  });

  test("opening to read is asked once more, and the handle is of the new session", async () => {
    const scripted = new Scripted(losingOnce("open", ({ id }) => server.handle(id, "h")));
    const file = await new CoreClient(scripted.connection).open("x");
    expect(file.session).toBe(await scripted.session());
  });

  test.each([
    ["open", (client: CoreClient) => client.open("x", { write: true, create: true })],
    ["mkdir", (client: CoreClient) => client.mkdir("x")],
    ["rmdir", (client: CoreClient) => client.rmdir("x")],
    ["remove", (client: CoreClient) => client.unlink("x")],
    ["rename", (client: CoreClient) => client.rename("x", "y")],
    ["symlink", (client: CoreClient) => client.symlink("x", "y")],
    ["setstat", (client: CoreClient) => client.setAttributes("x", { mode: 0 })],
  ])("%s is not, for it may have been done", async (operation, ask) => {
    const scripted = new Scripted(losingOnce(operation, ({ id }) => server.status(id)));
    await expect(ask(new CoreClient(scripted.connection))).rejects.toThrow(ConnectionError);
    expect(scripted.operations).toEqual([operation]);
  });

  test("a listing starts again, with no entry twice", async () => {
    let rounds = 0;
    const scripted = new Scripted(({ operation, id }) => {
      if (operation === "opendir") return server.handle(id, "h");
      if (operation === "close") return server.status(id);
      rounds++;
      if (rounds === 2) return "lost";
      return rounds === 4 ? server.status(id, Status.EOF) : server.names(id, [{ name: `entry` }]);
    });
    const entries = await new CoreClient(scripted.connection).readdir("x");
    expect(entries.map(({ name }) => name)).toEqual(["entry"]);
  });

  test("a second loss is the end of it", async () => {
    const scripted = new Scripted(() => "lost");
    await expect(new CoreClient(scripted.connection).stat("x")).rejects.toThrow(ConnectionError);
    expect(scripted.operations).toEqual(["stat", "stat"]);
  });
});

test("where no connection is made again, nothing is asked again", async () => {
  const scripted = new Scripted(() => "lost");
  scripted.reconnects = false;
  await expect(new CoreClient(scripted.connection).stat("x")).rejects.toThrow(ConnectionError);
  expect(scripted.operations).toEqual(["stat"]);
});

describe("a listing", () => {
  const listing = (replies: ((id: number) => Uint8Array)[]) =>
    new Scripted(({ operation, id }) => {
      if (operation === "opendir") return server.handle(id, "h");
      if (operation === "close") return server.status(id);
      return (replies.shift() ?? ((id) => server.names(id, [{ name: "more" }])))(id);
    });

  test("has no `.` and `..`, and everything else, and closes its handle", async () => {
    const names = [".", "..", "...", ".a", " ", "a\nb", ""];
    const scripted = listing([
      (id) =>
        server.names(
          id,
          names.map((name) => ({ name })),
        ),
      (id) => server.status(id, Status.EOF),
    ]);
    const entries = await new CoreClient(scripted.connection).readdir("x");
    expect(entries.map(({ name }) => name)).toEqual(names.slice(2));
    await expect.poll(() => scripted.operations.at(-1)).toBe("close");
  });

  test("ends at a NAME without names", async () => {
    const scripted = listing([(id) => server.names(id, [])]);
    expect(await new CoreClient(scripted.connection).readdir("x")).toEqual([]);
  });

  test("without end is a RangeError, and closes its handle", async () => {
    const scripted = listing([]);
    await expect(new CoreClient(scripted.connection).readdir("x", { limit: 20 })).rejects.toThrow(RangeError);
    await expect.poll(() => scripted.operations.at(-1)).toBe("close");
  });

  test("that cannot be read is a ProtocolError and not half a listing", async () => {
    const scripted = listing([
      (id) => server.names(id, [{ name: "a" }]),
      (id) => server.names(id, [{ name: "b" }], 1000),
    ]);
    await expect(new CoreClient(scripted.connection).readdir("x")).rejects.toThrow(ProtocolError);
  });
});

describe("a file", () => {
  const opened = async (answer: Answer) => {
    const scripted = new Scripted((request) =>
      request.operation === "open" ? server.handle(request.id, "h") : answer(request),
    );
    return { scripted, file: await new CoreClient(scripted.connection).open("x", { write: true }) };
  };

  test("has no bytes at its end", async () => {
    const { file } = await opened(({ id }) => server.status(id, Status.EOF));
    expect(await file.read(0, 10)).toHaveLength(0);
  });

  test("does not take more bytes than were asked for", async () => {
    const { file } = await opened(({ id }) => server.data(id, new Uint8Array(11)));
    await expect(file.read(0, 10)).rejects.toThrow(ProtocolError);
  });

  test("is written to by no more than the server takes, and a Blob counts by its size", async () => {
    const { file, scripted } = await opened(({ id }) => server.status(id));
    const { write } = file.session.limits;
    await expect(file.write(0, new Uint8Array(write + 1))).rejects.toThrow(RangeError);
    await expect(file.write(0, new Blob([new Uint8Array(write + 1)]))).rejects.toThrow(RangeError);
    expect(scripted.operations).toEqual(["open"]);
    await file.write(0, new Blob([new Uint8Array(write)]));
    expect(scripted.requests.at(-1)).toMatchObject({ operation: "write", data: { length: write } });
  });
});

test("the options of open are flags of their own", async () => {
  const flags = async (options: object) => {
    const scripted = new Scripted(({ id }) => server.handle(id, "h"));
    await new CoreClient(scripted.connection).open("x", options);
    return (scripted.requests[0] as server.RequestFor<"open">).flags;
  };
  expect(await flags({})).toBe(1);
  expect(await flags({ write: true })).toBe(2);
  expect(await flags({ read: true, write: true, create: true })).toBe(1 | 2 | 8);
  expect(await flags({ append: true })).toBe(2 | 4);
  expect(await flags({ write: true, create: true, truncate: true, exclusive: true })).toBe(2 | 8 | 16 | 32);
});

test("what cannot be sent is rejected with and never thrown, and nothing is sent", async () => {
  const scripted = new Scripted(() => undefined);
  const client = new SftpClient(scripted.connection);
  const file = { session: await scripted.session() };
  for (const attempt of [
    () => client.stat("a\0b"),
    () => client.mkdir("a\0b"),
    () => client.rename("a", "b\0"),
    () => client.setAttributes("a", { uid: 1 }),
    () => client.link("a\0", "b"),
    () => client.statvfs("a\0"),
    () => client.open("\0"),
    () => client.readdir("\0"),
  ])
    await expect(attempt()).rejects.toThrow(TypeError);
  expect(scripted.operations.filter((operation) => operation !== "close")).toEqual([]);
  expect(file).toBeDefined();
});

test("the error of an operation names it, its path, and the server's words", async () => {
  const scripted = new Scripted(({ id }) => server.status(id, Status.NO_SUCH_FILE, "No such file"));
  await expect(new CoreClient(scripted.connection).stat("/a")).rejects.toMatchObject({
    code: "ENOENT",
    operation: "stat",
    path: "/a",
    serverMessage: "No such file",
    message: 'stat "/a": No such file (ENOENT)',
  });
  const error = await new CoreClient(scripted.connection).mkdir("/b").catch((error) => error);
  expect(error).toBeInstanceOf(SftpError);
});

test("an abort rejects with the signal's reason", async () => {
  const scripted = new Scripted(() => undefined);
  const abort = new AbortController();
  const stat = new CoreClient(scripted.connection).stat("x", { signal: abort.signal });
  const reason = new Error("enough");
  await expect.poll(() => scripted.operations).toEqual(["stat"]);
  abort.abort(reason);
  await expect(stat).rejects.toBe(reason);
});
