import * as fs from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SftpClient } from "../../src/index.ts";
import { Peers } from "../support/peers.ts";
import { testUser } from "../support/user.ts";

let peers: Peers;
let client: SftpClient;
let files: string;

beforeAll(async () => {
  peers = await Peers.start();
  ({ client, files } = peers);
});

afterAll(() => peers?.[Symbol.asyncDispose]());

const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A file of the test user. */
function write(name: string, content = ""): string {
  const path = `${files}/${name}`;
  fs.writeFileSync(path, content);
  fs.chownSync(path, testUser().uid, testUser().gid);
  return path;
}

describe("files", () => {
  test("what is written is there, and is read back", async () => {
    const path = `${files}/written`;
    const file = await client.open(path, { write: true, create: true, mode: 0o640 });
    await file.write(0, new Blob(["hello "]));
    await file.write(6, bytes("world"));
    await file.close();
    expect(fs.readFileSync(path, "utf8")).toBe("hello world");
    const again = await client.open(path);
    expect(text(await again.read(0, 100))).toBe("hello world");
    expect(text(await again.read(6, 3))).toBe("wor");
    expect(await again.read(11, 100)).toHaveLength(0);
    expect(await again.stat()).toMatchObject({ size: 11, mode: 0o100640, uid: testUser().uid });
    await again.close();
  });

  test("a file is read and written by one handle", async () => {
    const file = await client.open(write("both", "abc"), { read: true, write: true });
    await file.write(1, bytes("X"));
    expect(text(await file.read(0, 10))).toBe("aXc");
    await file.setAttributes({ size: 1 });
    expect((await file.stat()).size).toBe(1);
    await file.close();
  });

  test("what is appended is at the end, whatever the offset", async () => {
    const path = write("appended", "abc");
    const file = await client.open(path, { append: true });
    await file.write(0, bytes("def"));
    await file.close();
    expect(fs.readFileSync(path, "utf8")).toBe("abcdef");
  });

  test("truncate empties, exclusive refuses what is there", async () => {
    const path = write("there", "abc");
    await expect(client.open(path, { write: true, create: true, exclusive: true })).rejects.toMatchObject({
      code: "EIO",
      operation: "open",
      path,
    });
    await (await client.open(path, { write: true, truncate: true })).close();
    expect(fs.readFileSync(path, "utf8")).toBe("");
  });

  test("offsets beyond 4 GiB are exact", async () => {
    const path = `${files}/sparse`;
    const offset = 5 * 2 ** 30 + 1;
    const file = await client.open(path, { read: true, write: true, create: true });
    await file.write(offset, bytes("far"));
    expect((await file.stat()).size).toBe(offset + 3);
    expect(text(await file.read(offset, 10))).toBe("far");
    expect(await file.read(offset - 2, 2)).toEqual(new Uint8Array(2));
    expect(await file.read(offset + 2 ** 32, 1)).toHaveLength(0);
    await file.close();
    expect(fs.statSync(path).size).toBe(offset + 3);
    fs.rmSync(path);
  });

  test("a WRITE as large as the server takes is taken", async () => {
    const path = `${files}/large`;
    const file = await client.open(path, { write: true, create: true });
    await file.write(0, new Uint8Array(file.session.limits.write));
    await expect(file.write(0, new Uint8Array(file.session.limits.write + 1))).rejects.toThrow(RangeError);
    await file.close();
    expect(fs.statSync(path).size).toBe(file.session.limits.write);
  });
});

describe("directories and links", () => {
  test("a directory is made, listed and removed", async () => {
    const path = `${files}/directory`;
    await client.mkdir(path, { mode: 0o750 });
    expect(fs.statSync(path).mode).toBe(0o40750);
    for (const name of ["a", "b"]) write(`directory/${name}`, name);
    fs.mkdirSync(`${path}/c`);
    fs.symlinkSync("a", `${path}/d`);
    const entries = await client.readdir(path);
    expect(entries.map(({ name, type }) => [name, type]).sort()).toEqual([
      ["a", "file"],
      ["b", "file"],
      ["c", "directory"],
      ["d", "symlink"],
    ]);
    expect(entries.find(({ name }) => name === "a")).toMatchObject({
      longname: expect.stringContaining("-rw"),
      attributes: { size: 1 },
    });
    await expect(client.rmdir(path)).rejects.toMatchObject({ code: "EIO", operation: "rmdir", path });
    for (const name of ["a", "b", "d"]) await client.unlink(`${path}/${name}`);
    await client.rmdir(`${path}/c`);
    await client.rmdir(path);
    expect(fs.existsSync(path)).toBe(false);
  });

  test("a listing of more than one reply is whole", async () => {
    const path = `${files}/many`;
    fs.mkdirSync(path);
    const names = Array.from({ length: 1234 }, (_, index) => `file ${index}`);
    for (const name of names) fs.writeFileSync(`${path}/${name}`, "");
    expect((await client.readdir(path)).map(({ name }) => name).sort()).toEqual(names.sort());
    await expect(client.readdir(path, { limit: 1233 })).rejects.toThrow(RangeError);
  });

  test("a link says what it was told to, and is where it was told to be", async () => {
    await client.symlink("the/target", `${files}/the-link`);
    expect(fs.readlinkSync(`${files}/the-link`)).toBe("the/target");
    expect(await client.readlink(`${files}/the-link`)).toBe("the/target");
    expect((await client.lstat(`${files}/the-link`)).mode).toBe(0o120777);
    await expect(client.stat(`${files}/the-link`)).rejects.toMatchObject({
      code: "ENOENT",
      operation: "stat",
    });
  });

  test("an absolute path is found", async () => {
    expect(await client.realpath(`${files}/./../${files.split("/").at(-1)}`)).toBe(fs.realpathSync(files));
    expect(await client.realpath(".")).toMatch(/^\//);
  });

  test("renaming moves, and does not overwrite", async () => {
    const from = write("from", "new");
    const to = write("to", "old");
    await expect(client.rename(from, to)).rejects.toMatchObject({
      code: "EIO",
      operation: "rename",
      path: from,
    });
    expect(fs.readFileSync(to, "utf8")).toBe("old");
    await client.rename(from, `${files}/moved`);
    expect(fs.readFileSync(`${files}/moved`, "utf8")).toBe("new");
    expect(fs.existsSync(from)).toBe(false);
  });

  test("attributes are set: mode, times, size", async () => {
    const path = write("attributes", "abcdef");
    await client.setAttributes(path, { mode: 0o600, atime: 1_000_000_000, mtime: 4_294_967_295, size: 3 });
    const stat = fs.statSync(path);
    expect([stat.mode, stat.size, stat.atimeMs]).toEqual([0o100600, 3, 1e12]);
    expect(await client.stat(path)).toMatchObject({ mode: 0o100600, size: 3, atime: 1e9 });
    await client.setAttributes(path, { atime: 1, mtime: 2 });
    expect(await client.stat(path)).toMatchObject({ atime: 1, mtime: 2 });
    const { uid, gid } = testUser();
    await client.setAttributes(path, { uid, gid });
  });
});

describe("what is refused says what and where:", () => {
  const operations = (path: string): [string, () => Promise<unknown>][] => [
    ["stat", () => client.stat(path)],
    ["lstat", () => client.lstat(path)],
    ["readlink", () => client.readlink(path)],
    ["open", () => client.open(path)],
    ["opendir", () => client.readdir(path)],
    ["setstat", () => client.setAttributes(path, { mode: 0o600 })],
    ["remove", () => client.unlink(path)],
    ["rmdir", () => client.rmdir(path)],
    ["rename", () => client.rename(path, `${files}/elsewhere`)],
    ["posix-rename@openssh.com", () => client.rename(path, `${files}/elsewhere`, { overwrite: true })],
    ["statvfs@openssh.com", () => client.statvfs(path)],
  ];

  test("ENOENT", async () => {
    const path = `${files}/missing`;
    for (const [operation, ask] of operations(path))
      await expect(ask(), operation).rejects.toMatchObject({ code: "ENOENT", status: 2, operation, path });
    const inside = `${path}/inside`;
    await expect(client.mkdir(inside)).rejects.toMatchObject({
      code: "ENOENT",
      operation: "mkdir",
      path: inside,
    });
    await expect(client.symlink("x", inside)).rejects.toMatchObject({ operation: "symlink", path: inside });
  });

  test("EACCES", async () => {
    const closed = `${files}/closed`;
    fs.mkdirSync(closed);
    fs.writeFileSync(`${closed}/file`, "");
    fs.chmodSync(closed, 0o000);
    for (const [operation, ask] of operations(`${closed}/file`))
      await expect(ask(), operation).rejects.toMatchObject({
        code: "EACCES",
        status: 3,
        operation,
        path: `${closed}/file`,
        serverMessage: "Permission denied",
      });
  });

  test("ENAMETOOLONG is EBADMSG in version 3", async () => {
    const path = `${files}/${"x".repeat(256)}`;
    await expect(client.mkdir(path)).rejects.toMatchObject({ code: "EBADMSG", path });
  });

  test("a path with NUL is refused here, and the session goes on", async () => {
    await expect(client.unlink(`${files}/a\0b`)).rejects.toThrow(TypeError);
    expect((await client.stat(files)).mode).toBe(0o40755);
  });

  test("a handle that was closed", async () => {
    const file = await client.open(write("closed-file", "abc"));
    await file.close();
    await expect(file.read(0, 1)).rejects.toMatchObject({ operation: "read", path: file.path });
    await expect(file.close()).rejects.toMatchObject({ operation: "close" });
  });
});
