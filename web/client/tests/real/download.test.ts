import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, type DownloadOptions, type SftpClient } from "../../src/index.ts";
import { type Verification, verifyUpload } from "../../src/transfer/verify.ts";
import { Bridge } from "../support/bridge.ts";
import { until } from "../support/process.ts";
import { Sshd } from "../support/sshd.ts";
import { testUser } from "../support/user.ts";

let sshd: Sshd;
let bridge: Bridge;
let client: SftpClient;

beforeAll(async () => {
  sshd = await Sshd.start();
  bridge = await Bridge.start(sshd);
  const { name: user, password } = testUser();
  client = await connect(bridge.url, { auth: { method: "password", user, password } });
});

afterAll(async () => {
  await client?.close();
  await bridge?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("a file becomes a Blob", async () => {
  const content = randomBytes(5_000_001);
  writeFileSync(`${sshd.files}/blob`, content);
  const { blob, bytes, attributes } = await client.download(`${sshd.files}/blob`);
  expect(sha256(new Uint8Array(await (blob as Blob).arrayBuffer()))).toBe(sha256(content));
  expect([bytes, attributes.size]).toEqual([5_000_001, 5_000_001]);
});

test("a file of /proc, whose size is 0, is read to its end", async () => {
  const { blob } = await client.download("/proc/cpuinfo");
  expect(await blob?.text()).toMatch(/^processor[\s\S]*\n$/);
});

test("an empty file is an empty Blob", async () => {
  writeFileSync(`${sshd.files}/empty`, "");
  expect((await client.download(`${sshd.files}/empty`)).blob?.size).toBe(0);
});

test("a directory is refused, and it is said why", async () => {
  await expect(client.download(sshd.files)).rejects.toThrow(/is a directory/);
});

test("what cannot be read, or is not there, is an error with its code", async () => {
  writeFileSync(`${sshd.files}/secret`, "secret", { mode: 0o600 });
  await expect(client.download(`${sshd.files}/secret`)).rejects.toMatchObject({ code: "EACCES" });
  await expect(client.download(`${sshd.files}/missing`)).rejects.toMatchObject({ code: "ENOENT" });
});

/** Something happens to a file of 64 MiB when a little of it has come. */
async function meanwhile(name: string, happens: (path: string) => void, options: DownloadOptions = {}) {
  const path = `${sshd.files}/${name}`;
  const content = randomBytes(64 * 2 ** 20);
  writeFileSync(path, content);
  const received = createHash("sha256");
  let started = false;
  let go = () => {};
  const wait = new Promise<void>((resolve) => {
    go = resolve;
  });
  const sink = {
    async write(chunk: Uint8Array) {
      received.update(chunk);
      started = true;
      await wait;
    },
  };
  const transfer = client.download(path, sink, options);
  await until("the first bytes", () => started);
  happens(path);
  go();
  await transfer;
  expect(received.digest("hex")).toBe(sha256(content));
}

test("what is appended to a file meanwhile is left out", async () => {
  await meanwhile("growing", (path) => appendFileSync(path, "more"));
  expect(statSync(`${sshd.files}/growing`).size).toBe(64 * 2 ** 20 + 4);
  await expect(
    meanwhile("growing too", (path) => appendFileSync(path, "more"), { verify: true }),
  ).rejects.toThrow(/it was written to/);
});

test("a file that is cut short meanwhile is an error that says so", async () => {
  await expect(meanwhile("shrinking", (path) => truncateSync(path, 60 * 2 ** 20))).rejects.toThrow(
    /it ends before byte/,
  );
});

test("a stream gives a range, and takes a file", async () => {
  const content = randomBytes(3_000_000);
  const path = `${sshd.files}/stream`;
  await new Blob([content]).stream().pipeTo(client.writable(path));
  expect(statSync(path).size).toBe(content.length);
  const all = new Uint8Array(await new Response(client.readable(path)).arrayBuffer());
  expect(sha256(all)).toBe(sha256(content));
  const range = client.readable(path, { start: 1_000_000, end: 1_000_100 });
  const some = new Uint8Array(await new Response(range).arrayBuffer());
  expect(sha256(some)).toBe(sha256(content.subarray(1_000_000, 1_000_100)));
});

test("what was written is verified, and a byte that is another is found", async () => {
  const content = randomBytes(3_000_000);
  const path = `${sshd.files}/verified`;
  writeFileSync(path, content);
  const { signal } = new AbortController();
  const against = (how: Verification) =>
    verifyUpload(client, path, content.length, new Blob([content]), how, signal);
  for (const how of ["size", "tail", "content", "check-file"] as const) await against(how);
  content.writeUInt8(content.readUInt8(1_234_567) ^ 1, 1_234_567);
  await expect(against("content")).rejects.toMatchObject({
    offset: 1_234_567,
  });
});

test("OpenSSH has no checksums, so that a small file is read for one", async () => {
  const path = `${sshd.files}/summed`;
  writeFileSync(path, "hello");
  await expect(client.checksum(path)).rejects.toMatchObject({ code: "ENOTSUP" });
  expect(await client.checksum(path, "sha256", { maximum: 5 })).toBe(sha256(Buffer.from("hello")));
});
