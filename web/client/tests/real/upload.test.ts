import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdtempSync,
  openAsBlob,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SftpError } from "../../src/errors.ts";
import { MemoryCheckpoints } from "../../src/transfer/checkpoint.ts";
import { Bridge } from "../support/bridge.ts";
import { Disorderly } from "../support/disorderly.ts";
import { FixedWindow } from "../support/fixed-window.ts";
import { type Interrupted, interrupted, uploadWithCuts } from "../support/interrupted.ts";
import { Link } from "../support/link.ts";
import { tool, until } from "../support/process.ts";
import { Sshd } from "../support/sshd.ts";

const SIZE = (512 << 20) + 4321;
const CUTS = 20;
const RELOADED = 64 << 20;

let folder: string;
let big: string;
let sshd: Sshd;
let bridge: Bridge;
let link: Link;
let there: Interrupted;

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sftpbridge-web-"));
  chmodSync(folder, 0o755);
  big = join(folder, "big");
  writeFileSync(big, randomBytes(SIZE));
  sshd = await Sshd.start();
  bridge = await Bridge.start(sshd);
  link = await Link.start(bridge.port);
  there = await interrupted(bridge, link);
});

afterAll(async () => {
  await there?.client.close();
  await link?.[Symbol.asyncDispose]();
  await bridge?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

test("512 MiB, cut at 20 random moments: the right bytes, little sent twice, and never a part at the final name", async () => {
  const path = `${sshd.files}/replaced`;
  writeFileSync(path, "old", { mode: 0o666 });
  const sizes = new Set<number>();
  const polling = setInterval(() => sizes.add(statSync(path).size), 5);
  const source = await openAsBlob(big);
  const options = { size: SIZE, cuts: CUTS, conflict: "overwrite" } as const;
  const { result, resent, allowed, cuts } = await uploadWithCuts(
    there,
    () => link.cut(),
    source,
    path,
    options,
  );
  clearInterval(polling);
  expect(result.bytes).toBe(SIZE);
  expect(cuts).toBe(CUTS);
  expect(resent).toBeLessThanOrEqual(allowed);
  expect([...sizes].filter((size) => size !== 3 && size !== SIZE)).toEqual([]);
  expect(sha256(readFileSync(path))).toBe(sha256(readFileSync(big)));
  expect(readdirSync(sshd.files)).toEqual(["replaced"]);
});

test("a stream is cut three times and arrives", async () => {
  const bytes = randomBytes(20 << 20);
  const path = `${sshd.files}/stream`;
  const stream = new Blob([bytes]).stream();
  const options = { size: bytes.length, cuts: 3 };
  const { resent, allowed } = await uploadWithCuts(there, () => link.cut(), stream, path, options);
  expect(resent).toBeLessThanOrEqual(allowed);
  expect(sha256(readFileSync(path))).toBe(sha256(bytes));
});

test("an upstream that writes in any order, and loses what it has not acknowledged, gets every byte", async () => {
  const size = (24 << 20) + 99;
  await using disorderly = await Disorderly.start({ room: size });
  await using its = await Bridge.start(disorderly);
  await using path = await Link.start(its.port);
  const client = await interrupted(its, path, () => new FixedWindow(64, 65_536));
  const cut = () => {
    disorderly.cut();
    path.cut();
  };
  const bytes = randomBytes(size);
  const options = { size, cuts: 6 };
  const { resent, allowed, cuts } = await uploadWithCuts(client, cut, new Blob([bytes]), "/file", options);
  expect(cuts).toBe(6);
  expect(disorderly.lost).toBeGreaterThan(0);
  expect(disorderly.overtaken).toBeGreaterThan(0);
  expect(resent).toBeLessThanOrEqual(allowed);
  expect(sha256(disorderly.content("/file"))).toBe(sha256(bytes));
  expect([...disorderly.files.keys()]).toEqual(["/file"]);
  await client.client.close();
});

test("mode, time and fsync: as OpenSSH has them", async () => {
  const source = new File(["content"], "x", { lastModified: 1_600_000_000_000 });
  const path = `${sshd.files}/attributes`;
  const result = await there.client.upload(source, path, {
    mode: 0o604,
    preserveMtime: true,
    fsync: true,
    verify: "content",
  });
  expect(result.verified).toBe("content");
  const { mode, mtimeMs } = statSync(path);
  expect(mode & 0o7777).toBe(0o604);
  expect(mtimeMs).toBe(1_600_000_000_000);
});

test("a file that is there: an error, another name, or replaced through the link", async () => {
  const { client } = there;
  const path = `${sshd.files}/taken.txt`;
  await client.upload(new Blob(["old"]), path, { mode: 0o640 });
  await expect(client.upload(new Blob(["new"]), path)).rejects.toMatchObject({ code: "exists" });
  expect((await client.upload(new Blob(["new"]), path, { conflict: "rename" })).path).toBe(
    `${sshd.files}/taken (2).txt`,
  );
  symlinkSync("taken.txt", `${sshd.files}/link`);
  const through = await client.upload(new Blob(["newer"]), `${sshd.files}/link`, { conflict: "overwrite" });
  expect(through.path).toBe(path);
  expect(readFileSync(`${sshd.files}/link`, "utf8")).toBe("newer");
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

test("a cancelled upload leaves no partial file", async () => {
  const path = `${sshd.files}/cancelled`;
  const transfer = there.client.upload(await openAsBlob(big), path);
  await until("some bytes", () => transfer.progress.bytes > 1 << 20);
  transfer.cancel();
  await expect(transfer).rejects.toMatchObject({ name: "AbortError" });
  await until("it to be removed", () => !readdirSync(sshd.files).some((name) => name.includes("cancelled")));
});

test("a file that may not be so large: an error with path and offset, and nothing is left", async () => {
  const limited = join(folder, "limited");
  const lines = ["#!/bin/sh", "trap '' XFSZ", "ulimit -f 2000", `exec ${tool("sftp-server")}`, ""];
  writeFileSync(limited, lines.join("\n"), { mode: 0o755 });
  await using small = await Sshd.start({ subsystem: limited });
  await using its = await Bridge.start(small);
  await using path = await Link.start(its.port);
  const { client } = await interrupted(its, path);
  const target = `${small.files}/file`;
  const failed = expect(client.upload(await openAsBlob(big), target)).rejects;
  await failed.toBeInstanceOf(SftpError);
  await failed.toMatchObject({
    operation: "write",
    path: expect.stringContaining("file"),
    message: expect.stringMatching(/ at byte \d+$/),
  });
  await until("the part to be removed", () => !readdirSync(small.files).length);
  expect(client.state).toBe("ready");
  await client.upload(new Blob(["small"]), target);
  await client.close();
});

test("a source that is changed while it is sent ends the upload with that as the cause", async () => {
  const changing = join(folder, "changing");
  writeFileSync(changing, randomBytes(64 << 20));
  const source = await openAsBlob(changing);
  const path = `${sshd.files}/changing`;
  const transfer = there.client.upload(source, path);
  await until("some bytes", () => transfer.progress.bytes > 1 << 20);
  writeFileSync(changing, "short");
  await expect(transfer).rejects.toMatchObject({ code: "source" });
  await until("it to be removed", () => !readdirSync(sshd.files).some((name) => name.includes("changing")));
});

test("a page that is loaded again goes on where the last one ended", async () => {
  const checkpoint = new MemoryCheckpoints();
  const path = `${sshd.files}/reloaded`;
  const source = new File([(await openAsBlob(big)).slice(0, RELOADED)], "big", { lastModified: 1 });
  const first = await interrupted(bridge, link, () => new FixedWindow(64, 65_536));
  const transfer = first.client.upload(source, path, { checkpoint, keepPartial: true });
  await until("half of it", () => transfer.progress.bytes > RELOADED / 2);
  transfer.cancel();
  await expect(transfer).rejects.toMatchObject({ name: "AbortError" });
  await first.client.close();
  const second = await interrupted(bridge, link);
  const result = await second.client.upload(source, path, { checkpoint });
  expect(result.resumed).toBeGreaterThan(RELOADED / 2);
  expect(second.sent()).toBe(RELOADED - result.resumed);
  expect(sha256(readFileSync(path))).toBe(sha256(readFileSync(big).subarray(0, RELOADED)));
  await second.client.close();
});
