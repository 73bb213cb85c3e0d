import * as fs from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { join, type SftpClient } from "../../src/index.ts";
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

/** In a directory of its own, which is the test user's. */
function directory(name: string): string {
  const path = `${files}/${name}`;
  fs.mkdirSync(path);
  fs.chownSync(path, testUser().uid, testUser().gid);
  return path;
}

const NAMES: [what: string, name: string][] = [
  ["a newline", "two\nlines"],
  ["a right-to-left override", "photo\u202egpj.exe"],
  ["markup", "<img src=x onerror=alert(1)>"],
  ["a backslash", "a\\b"],
  ["quotes and blanks", ` ' " \` $HOME ;rm -rf * `],
  ["control characters", "\x01\x1b[31m\x7f"],
  ["255 bytes", "x".repeat(255)],
  ["255 bytes of four-byte characters", `${"😀".repeat(63)}xyz`],
  ["a byte order mark in front", "\ufefffile"],
  ["a combining character, not composed", "e\u0301"],
  ["a tilde", "~root"],
  ["percent signs", "%2e%2e%2f"],
  ["three dots", "..."],
  ["an option", "-rf"],
];

test.each(NAMES)("a name with %s is written, listed, read, renamed and removed", async (_what, name) => {
  const folder = directory(`names-${NAMES.findIndex(([, it]) => it === name)}`);
  const path = `${folder}/${name}`;
  await (await client.open(path, { write: true, create: true })).close();
  expect(fs.readdirSync(folder)).toEqual([name]);
  const [entry] = await client.readdir(folder);
  expect(entry).toMatchObject({ name, type: "file" });
  expect(entry?.rawName).toBeUndefined();
  expect(await client.realpath(path)).toBe(path);
  await client.symlink(name, `${folder}/link`);
  expect(await client.readlink(`${folder}/link`)).toBe(name);
  await client.rename(path, `${folder}/other`);
  await client.rename(`${folder}/other`, path, { overwrite: true });
  expect((await client.stat(path)).size).toBe(0);
  await client.unlink(path);
  expect(fs.readdirSync(folder)).toEqual(["link"]);
});

test("a name that is not UTF-8 is listed with its bytes, read, renamed to a good one, and removed", async () => {
  const folder = directory("raw");
  const bytes = [0x63, 0x61, 0x66, 0xe9, 0xff, 0xfe];
  const raw = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(bytes)]);
  fs.writeFileSync(raw, "latin");
  const [entry] = await client.readdir(folder);
  expect(entry?.name).toBe("caf\ufffd\ufffd\ufffd");
  expect(entry?.rawName).toEqual(Uint8Array.from(bytes));
  const path = join(folder, entry ?? "");
  expect((await client.stat(path)).size).toBe(5);
  expect(Buffer.from((await client.realpath(path)) as Uint8Array)).toEqual(raw);
  await client.symlink(path, `${folder}/link`);
  expect(await client.readlink(`${folder}/link`)).toEqual(path);
  await client.rename(path, `${folder}/café`);
  expect(fs.readFileSync(`${folder}/café`, "utf8")).toBe("latin");
  await client.rename(`${folder}/café`, path, { overwrite: true });
  expect(fs.existsSync(raw)).toBe(true);
  await client.unlink(path);
  expect(fs.existsSync(raw)).toBe(false);
});

test("two names that look alike in text are two files", async () => {
  const folder = directory("alike");
  for (const byte of [0xf0, 0xf1])
    fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(byte)]), String(byte));
  const entries = await client.readdir(folder);
  expect(entries.map(({ name }) => name)).toEqual(["\ufffd", "\ufffd"]);
  for (const entry of entries) {
    const file = await client.open(join(folder, entry));
    expect(new TextDecoder().decode(await file.read(0, 10))).toBe(String(entry.rawName?.[0]));
    await file.close();
  }
});

test("an error shows the name of a file that cannot be shown", async () => {
  const path = Uint8Array.from(Buffer.concat([Buffer.from(`${files}/`), Buffer.of(0xff)]));
  await expect(client.stat(path)).rejects.toMatchObject({ code: "ENOENT", path: `${files}/\ufffd` });
});
