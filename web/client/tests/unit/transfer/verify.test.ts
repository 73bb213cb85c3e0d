import { createHash } from "node:crypto";
import { expect, test, vi } from "vitest";
import type { Connection } from "../../../src/client/connection.ts";
import { CoreClient } from "../../../src/client/core-client.ts";
import { checksum } from "../../../src/transfer/checksum.ts";
import { type Verification, verifyUpload } from "../../../src/transfer/verify.ts";
import { asked, content, served } from "../../support/downloads.ts";
import type { FakeServer } from "../../support/fake-server.ts";
import * as reply from "../../support/server-codec.ts";
import { OPENSSH_EXTENSIONS } from "../../support/server-codec.ts";

const SIZE = 1_500_000;
const extensions = { ...OPENSSH_EXTENSIONS, "check-file": "1" };
const ALL: Verification[] = ["size", "tail", "content", "check-file"];

/** Answers `check-file` as the draft has it. */
function hashing(server: FakeServer, bytes: () => Uint8Array): void {
  server.answer = (request) => {
    if (request.operation !== "check-file-handle" && request.operation !== "check-file-name") return;
    const range = bytes().subarray(
      request.offset,
      request.length ? request.offset + request.length : undefined,
    );
    const hashes: Buffer[] = [];
    const block = request.blockSize || range.length;
    for (let at = 0; at < range.length; at += block)
      hashes.push(
        createHash(request.algorithms[0] ?? "")
          .update(range.subarray(at, at + block))
          .digest(),
      );
    return reply.hashes(request.id, request.algorithms[0] ?? "", Buffer.concat(hashes));
  };
}

const against = (
  connection: Connection,
  source: Blob,
  how: Verification,
  { signal } = new AbortController(),
) => verifyUpload(new CoreClient(connection), "/file", source.size, source, how, signal);

async function verify(how: Verification, ours: Uint8Array, theirs: Uint8Array, options = {}) {
  const { server, connection } = served(theirs, options);
  hashing(server, () => theirs);
  const error = await against(connection, new Blob([ours.slice()]), how).catch((it) => it);
  (await connection.session()).close();
  return { offset: error?.offset, error, asked: asked(server), server };
}

const changed = (bytes: Uint8Array, at: number) => {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

test.each(ALL)("the same file passes (%s)", async (how) => {
  for (const size of [0, 1, 65_536, 65_537, SIZE])
    expect((await verify(how, content(size), content(size), { shuffle: "replies" })).error).toBe(undefined);
});

test.each(ALL)("a file of another size does not (%s)", async (how) => {
  const { error } = await verify(how, content(SIZE), content(SIZE - 1));
  expect(error).toMatchObject({ name: "VerifyError", path: "/file", offset: SIZE - 1 });
  expect((await verify(how, content(0), content(1))).offset).toBe(0);
});

test("the first byte that differs is told", async () => {
  const data = content(SIZE);
  expect((await verify("size", data, changed(data, SIZE - 1))).offset).toBe(undefined);
  expect((await verify("tail", data, changed(data, SIZE - 65_537))).offset).toBe(undefined);
  expect((await verify("tail", data, changed(data, SIZE - 65_536))).offset).toBe(SIZE - 65_536);
  for (const at of [0, 32_768, 1_234_567, SIZE - 1])
    expect((await verify("content", data, changed(data, at))).offset).toBe(at);
});

test("the server's hashes tell the block that differs, and nothing is read", async () => {
  const block = 2 ** 23;
  const data = new Uint8Array(2 * block + 10);
  for (const at of [0, block - 1, block, data.length - 1]) {
    const found = await verify("check-file", data, changed(data, at), { extensions });
    expect([found.offset, found.asked]).toEqual([at - (at % block), 0]);
  }
  const { server, asked, error } = await verify("check-file", data, data, { extensions });
  expect([error, asked, server.count("check-file-handle")]).toEqual([undefined, 0, 3]);
});

test("where the server or this side cannot hash, the content is compared", async () => {
  const data = content(SIZE);
  expect((await verify("check-file", data, changed(data, 5))).offset).toBe(5);
  vi.stubGlobal("crypto", {});
  try {
    expect((await verify("check-file", data, changed(data, 5), { extensions })).offset).toBe(5);
  } finally {
    vi.unstubAllGlobals();
  }
});

test("too few hashes are no proof", async () => {
  const data = content(SIZE);
  const { server, connection } = served(data, { extensions });
  server.answer = (request) =>
    request.operation === "check-file-handle"
      ? reply.hashes(request.id, "sha256", new Uint8Array(0))
      : undefined;
  await expect(against(connection, new Blob([data.slice()]), "check-file")).rejects.toMatchObject({
    offset: 0,
  });
});

test("a file that is shorter than its size is no proof", async () => {
  const data = content(SIZE);
  const { server, connection } = served(data.subarray(0, SIZE - 10));
  server.answer = (request) =>
    request.operation === "stat" ? reply.attributes(request.id, { size: SIZE }) : undefined;
  for (const how of ["tail", "content"] as const)
    await expect(against(connection, new Blob([data.slice()]), how)).rejects.toMatchObject({
      offset: SIZE - 10,
    });
});

test.each(ALL.slice(1))("it is cancelled (%s)", async (how) => {
  const { server, connection } = served(SIZE, { extensions });
  const controller = new AbortController();
  server.answer = (request) => {
    if (/read|check-file/.test(request.operation)) controller.abort("enough");
    return undefined;
  };
  await expect(against(connection, new Blob([content(SIZE).slice()]), how, controller)).rejects.toBe(
    "enough",
  );
});

test.each(ALL.slice(1))("it is cancelled while the source hangs (%s)", async (how) => {
  const { server, connection } = served(SIZE, { extensions });
  hashing(server, () => content(SIZE));
  const controller = new AbortController();
  const source = new Blob([content(SIZE).slice()]);
  source.slice = () =>
    ({ size: 1, arrayBuffer: () => new Promise(() => controller.abort("enough")) }) as never;
  await expect(against(connection, source, how, controller)).rejects.toBe("enough");
});

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("a checksum is the server's where it has one", async () => {
  const { server, data, client } = served(SIZE, { extensions });
  hashing(server, () => data);
  expect(await checksum(client, "/file")).toBe(sha256(data));
  expect(await checksum(client, "/file", "md5")).toBe(createHash("md5").update(data).digest("hex"));
  expect(server.count("read")).toBe(0);
});

test("without one the file is read, if it may be", async () => {
  const { data, client } = served(SIZE);
  await expect(checksum(client, "/file")).rejects.toMatchObject({ code: "ENOTSUP", path: "/file" });
  await expect(checksum(client, "/file", "sha256", { maximum: SIZE - 1 })).rejects.toThrow(RangeError);
  expect(await checksum(client, "/file", "sha256", { maximum: SIZE })).toBe(sha256(data));
  expect(await checksum(client, "/file", "sha512", { maximum: SIZE })).toBe(
    createHash("sha512").update(data).digest("hex"),
  );
});
