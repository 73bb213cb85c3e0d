import { describe, expect, test, vi } from "vitest";
import { FileHandle } from "../../src/client/file.ts";
import { SftpClient } from "../../src/client/sftp-client.ts";
import { Status } from "../../src/codec/numbers.ts";
import { ConnectionError } from "../../src/errors.ts";
import { shown } from "../../src/path.ts";
import { type Answer, Scripted } from "../support/scripted.ts";
import * as server from "../support/server-codec.ts";

const handleOf = async (scripted: Scripted, handle = 7) =>
  new FileHandle(await scripted.session(), Uint8Array.of(handle), "/file");

test.each([
  ["fsync", (client: SftpClient, file: FileHandle) => client.fsync(file), 600_000],
  ["copyData", (client: SftpClient, file: FileHandle) => client.copyData(file, file), 3_600_000],
  [
    "copyData of 1 GB",
    (client: SftpClient, file: FileHandle) => client.copyData(file, file, { length: 1e9 }),
    1_000_000,
  ],
])("%s may take longer than a session is silent otherwise", async (_, ask, patience) => {
  const scripted = new Scripted(({ id }) => server.status(id), {
    "fsync@openssh.com": "1",
    "copy-data": "1",
  });
  const file = await handleOf(scripted);
  const request = vi.spyOn(file.session, "request");
  await ask(new SftpClient(scripted.connection), file);
  expect(request.mock.calls.map(([, , asked]) => asked.patience)).toEqual([patience]);
});

describe("where the server lacks an extension, or has another version of it,", () => {
  test.each([
    ["statvfs@openssh.com", (client: SftpClient) => client.statvfs("x")],
    ["fstatvfs@openssh.com", (client: SftpClient, file: FileHandle) => client.statvfs(file)],
    ["hardlink@openssh.com", (client: SftpClient) => client.link("x", "y")],
    ["fsync@openssh.com", (client: SftpClient, file: FileHandle) => client.fsync(file)],
    ["lsetstat@openssh.com", (client: SftpClient) => client.setAttributes("x", {}, { followLinks: false })],
    ["expand-path@openssh.com", (client: SftpClient) => client.expandPath("~")],
    ["users-groups-by-id@openssh.com", (client: SftpClient) => client.usersAndGroups([0], [])],
    ["copy-data", (client: SftpClient, file: FileHandle) => client.copyData(file, file)],
    ["check-file", (client: SftpClient) => client.checkFile("x", { algorithms: ["md5"] })],
    ["check-file", (client: SftpClient, file: FileHandle) => client.checkFile(file, { algorithms: ["md5"] })],
  ])("%s is ENOTSUP, and nothing is sent", async (feature, ask) => {
    for (const extensions of [{}, { [feature]: "9" }]) {
      const scripted = new Scripted(({ id }) => server.status(id), extensions);
      const client = new SftpClient(scripted.connection);
      await expect(ask(client, await handleOf(scripted))).rejects.toMatchObject({
        name: "SftpError",
        code: "ENOTSUP",
        operation: feature,
        message: expect.stringContaining("the server has no version"),
      });
      expect(await client.supports(feature as never)).toBe(false);
      expect(scripted.operations).toEqual([]);
    }
  });
});

test("what only reads is asked once more after a lost connection", async () => {
  let lost = false;
  const scripted = new Scripted(({ id }) => {
    if (lost) return server.usersGroups(id, ["root"], []);
    lost = true;
    return "lost";
  }, server.OPENSSH_EXTENSIONS);
  expect(await new SftpClient(scripted.connection).usersAndGroups([0], [])).toEqual({
    users: ["root"],
    groups: [],
  });
});

describe("home is found", () => {
  const client = (announced: string[], refused: string[] = []) => {
    const extensions = Object.fromEntries(announced.map((feature) => [feature, "1"]));
    const scripted = new Scripted(
      ({ id, operation }) =>
        refused.includes(operation)
          ? server.status(id, Status.FAILURE)
          : server.names(id, [{ name: "/home/me" }]),
      extensions,
    );
    return { scripted, client: new SftpClient(scripted.connection) };
  };
  const both = ["expand-path@openssh.com", "home-directory"];

  test.each([
    [
      "expand-path before home-directory",
      client(both),
      "",
      { operation: "expand-path@openssh.com", path: "~" },
    ],
    ["expand-path, of a user", client(both), "me", { operation: "expand-path@openssh.com", path: "~me" }],
    ["home-directory alone", client(["home-directory"]), "me", { operation: "home-directory", user: "me" }],
    ["where the session starts", client([]), "", { operation: "realpath", path: "." }],
    [
      "the same after a refusal",
      client(["home-directory"], ["home-directory"]),
      "",
      { operation: "realpath" },
    ],
  ] as const)("by %s", async (_by, { client, scripted }, user, last) => {
    expect(await client.homeDirectory(user)).toBe("/home/me");
    expect(scripted.requests.at(-1)).toMatchObject(last);
  });

  test("of a user only by what can tell it", async () => {
    const { client: other, scripted } = client([]);
    await expect(other.homeDirectory("me")).rejects.toMatchObject({
      code: "ENOTSUP",
      operation: "home-directory",
    });
    expect(scripted.operations).toEqual([]);
  });
});

test("copying no bytes sends nothing, for on the wire no bytes are all", async () => {
  const scripted = new Scripted(({ id }) => server.status(id), server.OPENSSH_EXTENSIONS);
  const client = new SftpClient(scripted.connection);
  const file = await handleOf(scripted);
  await client.copyData(file, await handleOf(scripted, 8), { length: 0 });
  expect(scripted.operations).toEqual([]);
  await client.copyData(file, await handleOf(scripted, 8), { offset: 3, toOffset: 4 });
  expect(scripted.requests).toMatchObject([
    { operation: "copy-data", fromOffset: 3, length: 0, toOffset: 4 },
  ]);
});

test("files of two sessions are not copied, for a handle may be any file elsewhere", async () => {
  const one = new Scripted(({ id }) => server.status(id), server.OPENSSH_EXTENSIONS);
  const other = new Scripted(({ id }) => server.status(id), server.OPENSSH_EXTENSIONS);
  const copy = new SftpClient(one.connection).copyData(await handleOf(one), await handleOf(other));
  await expect(copy).rejects.toThrow(ConnectionError);
  expect([...one.operations, ...other.operations]).toEqual([]);
});

test("more ids than a reply has room for are a RangeError", async () => {
  const scripted = new Scripted(() => undefined, server.OPENSSH_EXTENSIONS);
  const asked = new SftpClient(scripted.connection).usersAndGroups(Array(4000).fill(0), [0]);
  await expect(asked).rejects.toThrow(RangeError);
});

test("a file is hashed by its path or by its handle", async () => {
  const scripted = new Scripted(({ id }) => server.hashes(id, "sha256", Uint8Array.of(1, 2)), {
    "check-file": "1",
  });
  const client = new SftpClient(scripted.connection);
  const range = { algorithms: ["sha256", "md5"], offset: 5, length: 6, blockSize: 256 };
  for (const at of ["x", await handleOf(scripted)])
    expect(await client.checkFile(at, range)).toEqual({ algorithm: "sha256", hashes: Uint8Array.of(1, 2) });
  expect(scripted.requests).toMatchObject([
    { operation: "check-file-name", path: "x", ...range },
    { operation: "check-file-handle", handle: "\x07", ...range },
  ]);
});

describe("renaming over a file", () => {
  /** A directory with plain RENAME only, which does not overwrite; `trouble` answers first. */
  function directory(files: Record<string, string>, trouble: Answer = () => undefined) {
    const status = (id: number, code: number = Status.OK) => server.status(id, code);
    const rename = (id: number, from: string, to: string) => {
      if (!(from in files)) return status(id, Status.NO_SUCH_FILE);
      if (to in files) return status(id, Status.FAILURE);
      files[to] = files[from] ?? "";
      delete files[from];
      return status(id);
    };
    const lstat = (id: number, path: string) =>
      path in files
        ? server.attributes(id, { mode: files[path] === "dir" ? 0o40755 : 0o100644 })
        : status(id, Status.NO_SUCH_FILE);
    const answer: Answer = (request) => {
      const { id } = request;
      if (request.operation === "rename") return rename(id, shown(request.from), shown(request.to));
      if (request.operation === "lstat") return lstat(id, shown(request.path));
      if (request.operation === "remove") delete files[shown(request.path)];
      return status(id);
    };
    const scripted = new Scripted((request) => {
      const answered = trouble(request);
      if (answered === "lost") answer(request);
      return answered ?? answer(request);
    });
    return { files, scripted, client: new SftpClient(scripted.connection) };
  }

  const isRename = (request: server.ServerRequest, from: string, to: string) =>
    request.operation === "rename" && request.from === from && request.to === to;

  test("is one request where the server has posix-rename", async () => {
    const scripted = new Scripted(({ id }) => server.status(id), server.OPENSSH_EXTENSIONS);
    await new SftpClient(scripted.connection).rename("/a", "/b", { overwrite: true });
    expect(scripted.requests).toMatchObject([
      { operation: "posix-rename@openssh.com", from: "/a", to: "/b" },
    ]);
  });

  test("is a plain RENAME where nothing is in the way", async () => {
    const { files, client, scripted } = directory({ "/a": "new" });
    await client.rename("/a", "/b", { overwrite: true });
    expect(files).toEqual({ "/b": "new" });
    expect(scripted.operations).toEqual(["rename"]);
  });

  test("moves the old one aside, and removes it at the end", async () => {
    const { files, client } = directory({ "/d/a": "new", "/d/b": "old" });
    await client.rename("/d/a", "/d/b", { overwrite: true });
    expect(files).toEqual({ "/d/b": "new" });
  });

  test("does not overwrite without being told to", async () => {
    const { files, client } = directory({ "/a": "new", "/b": "old" });
    await expect(client.rename("/a", "/b")).rejects.toThrow(/EIO/);
    expect(files).toEqual({ "/a": "new", "/b": "old" });
  });

  test("puts the old one back when the new one cannot take its place", async () => {
    let tries = 0;
    const { files, client } = directory({ "/a": "new", "/b": "old" }, (request) =>
      isRename(request, "/a", "/b") && ++tries === 2
        ? server.status(request.id, 4, "disk on fire")
        : undefined,
    );
    await expect(client.rename("/a", "/b", { overwrite: true })).rejects.toThrow(/disk on fire/);
    expect(files).toEqual({ "/a": "new", "/b": "old" });
  });

  test("says where the old one is when it cannot be put back", async () => {
    let moved = false;
    const { files, client } = directory({ "/a": "new", "/b": "old" }, (request) => {
      if (!moved || request.operation !== "rename") {
        moved ||= request.operation === "rename" && request.from === "/b";
        return undefined;
      }
      return server.status(request.id, Status.PERMISSION_DENIED);
    });
    const error = await client.rename("/a", "/b", { overwrite: true }).catch((error) => error);
    const aside = Object.keys(files).find((name) => files[name] === "old");
    expect(aside).toMatch(/^\/\.replaced-/);
    expect(error.message).toContain(`what was there is now ${aside}`);
    expect(error.code).toBe("EACCES");
  });

  test("puts the old one back when the connection is lost while it is moved aside", async () => {
    let lost = false;
    const { files, client } = directory({ "/a": "new", "/b": "old" }, (request) => {
      if (lost || !isFrom(request, "/b")) return undefined;
      lost = true;
      return "lost";
    });
    await expect(client.rename("/a", "/b", { overwrite: true })).rejects.toThrow(ConnectionError);
    expect(files).toEqual({ "/a": "new", "/b": "old" });
  });

  test("is done when the connection is lost behind the last step", async () => {
    let tries = 0;
    const { files, client } = directory({ "/a": "new", "/b": "old" }, (request) =>
      isRename(request, "/a", "/b") && ++tries === 2 ? "lost" : undefined,
    );
    await client.rename("/a", "/b", { overwrite: true });
    expect(files).toEqual({ "/b": "new" });
  });

  test("never moves a directory aside, nor for a directory", async () => {
    for (const before of [
      { "/a": "new", "/b": "dir" },
      { "/a": "dir", "/b": "old" },
    ]) {
      const { files, client } = directory({ ...before });
      await expect(client.rename("/a", "/b", { overwrite: true })).rejects.toThrow(/EIO/);
      expect(files).toEqual(before);
    }
  });

  test("of a file that is not there leaves the other alone", async () => {
    const { files, client, scripted } = directory({ "/b": "old" });
    await expect(client.rename("/a", "/b", { overwrite: true })).rejects.toThrow(/ENOENT/);
    expect(files).toEqual({ "/b": "old" });
    expect(scripted.operations).toEqual(["rename", "lstat"]);
  });

  test("is not begun after an abort, and not cut short by one", async () => {
    const abort = new AbortController();
    const { files, client } = directory({ "/a": "new", "/b": "old" }, (request) => {
      if (isFrom(request, "/b")) abort.abort();
      return undefined;
    });
    await client.rename("/a", "/b", { overwrite: true, signal: abort.signal });
    expect(files).toEqual({ "/b": "new" });
    await expect(client.rename("/b", "/c", { overwrite: true, signal: abort.signal })).rejects.toBe(
      abort.signal.reason,
    );
  });
});

const isFrom = (request: server.ServerRequest, from: string) =>
  request.operation === "rename" && request.from === from;
