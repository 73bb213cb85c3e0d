import { expect, test } from "vitest";
import { Status } from "../../../src/codec/numbers.ts";
import * as reply from "../../support/server-codec.ts";
import { asked, clientOf } from "../../support/tree-client.ts";

test("what is missing is made, what is there is kept", async () => {
  const { server, client } = await clientOf();
  server.put("/a/file", "x");
  await client.mkdir("/a/b/c/d/", { recursive: true, mode: 0o700 });
  expect(server.files.get("/a/b/c/d")).toMatchObject({ kind: "directory", mode: 0o700 });
  await client.mkdir("/a/b/c/d", { recursive: true });
  await client.mkdir("/", { recursive: true });
  await client.mkdir("", { recursive: true });
  await client.mkdir("relative/x", { recursive: true });
  expect(server.files.has("/relative/x")).toBe(true);
  await client.mkdir(Uint8Array.of(0x2f, 0x61, 0x2f, 0xff, 0x2f, 0xfe), { recursive: true });
  expect([...server.files.keys()].at(-1)).toBe("/a/\udcff/\udcfe");
});

test("a directory that is there takes two requests", async () => {
  const { server, client } = await clientOf();
  server.folder("/a/b/c");
  const before = server.requests.length;
  await client.mkdir("/a/b/c", { recursive: true });
  expect(server.requests.length - before).toBe(2);
});

test("without `recursive` it is one request, and fails where something is", async () => {
  const { server, client } = await clientOf();
  server.folder("/a");
  await expect(client.mkdir("/a")).rejects.toMatchObject({ operation: "mkdir" });
  await expect(client.mkdir("/b/c")).rejects.toMatchObject({ code: "ENOENT" });
});

test("a file in the way is told, and so is a link that leads nowhere; a link to a directory is none", async () => {
  const { server, client } = await clientOf();
  server.put("/a/file", "x");
  server.link("/nowhere", "/none");
  server.link("/there", "/a");
  await expect(client.mkdir("/a/file", { recursive: true })).rejects.toThrow(/in the way/);
  await expect(client.mkdir("/nowhere/x", { recursive: true })).rejects.toThrow();
  await client.mkdir("/there/x", { recursive: true });
  expect(server.files.has("/a/x")).toBe(true);
});

test("many who make the same meanwhile all succeed", async () => {
  const { server, client } = await clientOf({ shuffle: "requests" });
  await Promise.all(
    Array.from({ length: 30 }, (_, at) => client.mkdir(`/a/b/c/d/${at % 3}`, { recursive: true })),
  );
  expect(server.names("/a/b/c/d").length).toBe(3);
});

test("an upper directory that may not be made again is looked at", async () => {
  const { server, client } = await clientOf();
  server.folder("/home/user");
  server.answer = (request) =>
    request.operation === "mkdir" && /^\/home(\/user)?$/.test(String(request.path))
      ? reply.status(request.id, Status.PERMISSION_DENIED, "no")
      : undefined;
  await client.mkdir("/home/user", { recursive: true });
  await client.mkdir("/home/user/a/b", { recursive: true });
  expect(server.files.has("/home/user/a/b")).toBe(true);
});

test("a server that misses for ever what it made is given up", async () => {
  const { server, client } = await clientOf();
  server.answer = (request) => {
    if (request.operation !== "mkdir") return undefined;
    return reply.status(request.id, request.path === "/a" ? Status.OK : Status.NO_SUCH_FILE, "");
  };
  await expect(client.mkdir("/a/b", { recursive: true })).rejects.toMatchObject({ code: "ENOENT" });
  expect(asked(server, "mkdir").length).toBeLessThan(10_100);
});

test("an abort ends it", async () => {
  const { client } = await clientOf();
  const signal = AbortSignal.abort();
  await expect(client.mkdir("/a/b", { recursive: true, signal })).rejects.toBe(signal.reason);
});
