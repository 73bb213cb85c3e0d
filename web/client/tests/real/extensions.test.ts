import * as fs from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Feature, SftpClient } from "../../src/index.ts";
import { Peers } from "../support/peers.ts";
import { OPENSSH_EXTENSIONS } from "../support/server-codec.ts";
import { testUser } from "../support/user.ts";

let peers: Peers;
let client: SftpClient;
let files: string;

beforeAll(async () => {
  peers = await Peers.start();
  ({ client, files } = peers);
});

afterAll(() => peers?.[Symbol.asyncDispose]());

/** A file of the test user. */
function write(name: string, content: string): string {
  const path = `${files}/${name}`;
  fs.writeFileSync(path, content);
  fs.chownSync(path, testUser().uid, testUser().gid);
  return path;
}

const read = (path: string) => fs.readFileSync(path, "utf8");

test("OpenSSH has every extension that the tests believe it has, and no check-file", async () => {
  for (const feature of Object.keys(OPENSSH_EXTENSIONS) as Feature[])
    expect(await client.supports(feature), feature).toBe(true);
  expect(await client.supports("check-file")).toBe(false);
  await expect(client.checkFile("x", { algorithms: ["sha256"] })).rejects.toMatchObject({ code: "ENOTSUP" });
});

test("the file system is the one that Node sees, by path and by handle", async () => {
  const path = write("on-a-file-system", "");
  const seen = fs.statfsSync(path);
  const file = await client.open(path);
  for (const at of [path, file]) {
    const told = await client.statvfs(at);
    expect(told).toMatchObject({
      blocks: seen.blocks,
      fragmentSize: seen.bsize,
      files: seen.files,
      nameMax: 255,
    });
    expect(told.readOnly).toBe(false);
    expect(told.freeBlocks).toBeGreaterThan(0);
    expect(told.availableBlocks).toBeLessThanOrEqual(told.blocks);
  }
  await file.close();
});

describe("renaming over a file", () => {
  test("replaces it in one step", async () => {
    const from = write("posix-from", "new");
    const to = write("posix-to", "old");
    await client.rename(from, to, { overwrite: true });
    expect([read(to), fs.existsSync(from)]).toEqual(["new", false]);
  });

  test("replaces it in steps where the server cannot do it in one", async () => {
    const session = await client.connection.session();
    const announced = session.extensions as Map<string, string>;
    const from = write("steps-from", "new");
    const to = write("steps-to", "old");
    const before = fs.readdirSync(files);
    announced.delete("posix-rename@openssh.com");
    try {
      await client.rename(from, to, { overwrite: true });
      expect([read(to), fs.existsSync(from)]).toEqual(["new", false]);
      expect(fs.readdirSync(files)).toEqual(before.filter((name) => name !== "steps-from"));
      await expect(client.rename(from, to, { overwrite: true })).rejects.toMatchObject({ code: "ENOENT" });
      expect(read(to)).toBe("new");
      await expect(client.rename(to, to, { overwrite: true })).rejects.toThrow();
      expect(read(to)).toBe("new");
    } finally {
      announced.set("posix-rename@openssh.com", "1");
    }
  });
});

test("a hard link is another name for the same file", async () => {
  const path = write("linked", "x");
  await client.link(path, `${files}/linked-too`);
  expect(fs.statSync(`${files}/linked-too`).ino).toBe(fs.statSync(path).ino);
  await expect(client.link(`${files}/missing`, `${files}/y`)).rejects.toMatchObject({
    code: "ENOENT",
    operation: "hardlink@openssh.com",
  });
});

test("a file is on the disk when fsync says so", async () => {
  const file = await client.open(`${files}/synced`, { write: true, create: true });
  await file.write(0, new Uint8Array(10));
  await client.fsync(file);
  await file.close();
  await expect(client.fsync(file)).rejects.toMatchObject({ operation: "fsync@openssh.com", path: file.path });
});

test("the times of a link are set, and those of its target are not", async () => {
  const target = write("target", "");
  await client.setAttributes(target, { atime: 10, mtime: 20 });
  const link = `${files}/link`;
  await client.symlink(target, link);
  await client.setAttributes(link, { atime: 30, mtime: 40 }, { followLinks: false });
  expect(fs.lstatSync(link).mtimeMs).toBe(40_000);
  expect(fs.statSync(link).mtimeMs).toBe(20_000);
  await client.setAttributes(link, { atime: 50, mtime: 60 });
  expect(fs.lstatSync(link).mtimeMs).toBe(40_000);
  expect(fs.statSync(link).mtimeMs).toBe(60_000);
  await expect(client.setAttributes(link, { size: 0 }, { followLinks: false })).rejects.toMatchObject({
    code: "EBADMSG",
  });
});

test("home is found by each of its names", async () => {
  const { name } = testUser();
  const home = `/home/${name}`;
  expect(await client.homeDirectory()).toBe(home);
  expect(await client.homeDirectory("root")).toBe("/root");
  // In OpenSSH 9.2 the extension of that name fails without a user, and takes every user for this one.
  expect(await client.homeDirectory(name)).toBe(home);
  expect(await client.expandPath("~")).toBe(home);
  expect(await client.expandPath("~/x")).toBe(`${home}/x`);
  expect(await client.expandPath(`~${name}/../x`)).toBe("/home/x");
  await expect(client.homeDirectory("nobody-has-this-name")).rejects.toMatchObject({
    operation: "expand-path@openssh.com",
  });
});

test("ids have the names that the system knows, and empty ones", async () => {
  const { name, uid, gid } = testUser();
  expect(await client.usersAndGroups([0, uid, 4_000_000_000], [gid, 4_000_000_000, 0])).toEqual({
    users: ["root", name, ""],
    groups: [name, "", "root"],
  });
  expect(await client.usersAndGroups([], [])).toEqual({ users: [], groups: [] });
  const many = await client.usersAndGroups(Array(2000).fill(uid), Array(2000).fill(gid));
  expect(new Set([...many.users, ...many.groups])).toEqual(new Set([name]));
});

describe("copying on the server", () => {
  const both = async (from: string, to: string) =>
    Promise.all([client.open(from), client.open(to, { write: true, create: true })]);

  test("copies all, a part, or nothing", async () => {
    const from = write("copied", "0123456789");
    const to = `${files}/copy`;
    const [source, target] = await both(from, to);
    await client.copyData(source, target, { length: 0 });
    expect(read(to)).toBe("");
    await client.copyData(source, target);
    expect(read(to)).toBe("0123456789");
    await client.copyData(source, target, { offset: 2, length: 3, toOffset: 8 });
    expect(read(to)).toBe("01234567234");
    await Promise.all([source.close(), target.close()]);
  });

  test("copies a file that is shorter as far as it goes, and OpenSSH says so only far from its end", async () => {
    const [source, target] = await both(write("short", "abc"), `${files}/short-copy`);
    await client.copyData(source, target, { length: 100 });
    expect(read(`${files}/short-copy`)).toBe("abc");
    await expect(client.copyData(source, target, { length: 200_000 })).rejects.toMatchObject({
      code: "EOF",
      operation: "copy-data",
      path: `${files}/short-copy`,
    });
    expect(read(`${files}/short-copy`)).toBe("abc");
    await Promise.all([source.close(), target.close()]);
  });

  test("refuses a file onto itself", async () => {
    const path = write("itself", "abc");
    const [source, target] = await both(path, path);
    await expect(client.copyData(source, target)).rejects.toMatchObject({ code: "EIO" });
    expect(read(path)).toBe("abc");
    await Promise.all([source.close(), target.close()]);
  });
});
