import { expect, test } from "vitest";
import { Status } from "../../../src/codec/numbers.ts";
import { shown } from "../../../src/path.ts";
import type { Step } from "../../../src/tree/walk.ts";
import type { FakeServer } from "../../support/fake-server.ts";
import { until } from "../../support/process.ts";
import * as reply from "../../support/server-codec.ts";
import { asked, clientOf, collect } from "../../support/tree-client.ts";

const paths = (steps: Step[]) => steps.map(({ path }) => shown(path));

function tree(server: FakeServer): string[] {
  for (let a = 0; a < 10; a++)
    for (let b = 0; b < 10; b++) for (let c = 0; c < 5; c++) server.put(`/t/${a}/${b}/${c}`, "x");
  server.folder("/t/empty");
  server.link("/t/link", "/elsewhere");
  server.put("/elsewhere/file", "y");
  return [...server.files.keys()].filter((path) => path.startsWith("/t/"));
}

test("a walk gives everything once, directories before what is in them, and follows no link", async () => {
  const { server, client } = await clientOf();
  const all = tree(server);
  const found = paths(await collect(client.walk("/t")));
  expect([...found].sort()).toEqual(all.sort());
  for (const [at, path] of found.entries())
    expect(found.lastIndexOf(path.slice(0, path.lastIndexOf("/")))).toBeLessThan(at);
  await until("handles to be closed", () => server.openHandles === 0);
});

test("`depth` ends it at a level", async () => {
  const { server, client } = await clientOf();
  tree(server);
  const found = await collect(client.walk("/t", { depth: 2 }));
  expect(found.length).toBe(12 + 100);
  expect(Math.max(...found.map(({ depth }) => depth))).toBe(2);
});

test("a tree of 300 levels is walked", async () => {
  const { server, client } = await clientOf();
  let path = "/deep";
  for (let level = 0; level < 300; level++) path += "/d";
  server.folder(path);
  expect((await collect(client.walk("/deep"))).length).toBe(300);
});

test("no more than 16 directories are read ahead, however many wait", async () => {
  const { server, client } = await clientOf();
  for (let at = 0; at < 2000; at++) server.folder(`/t/${at}`);
  const walk = client.walk("/t")[Symbol.asyncIterator]();
  for (let at = 0; at < 500; at++) await walk.next();
  await client.realpath(".");
  expect(server.count("opendir")).toBeLessThan(18);
  await walk.return?.();
  await until("handles to be closed", () => server.openHandles === 0);
});

test("what cannot be read is told and the rest goes on; without `onError` it is the end", async () => {
  const { server, client } = await clientOf();
  const all = tree(server);
  server.answer = (request) =>
    request.operation === "opendir" && request.path === "/t/3"
      ? reply.status(request.id, Status.PERMISSION_DENIED, "no")
      : undefined;
  const errors: [string, string][] = [];
  const onError = (error: Error, { path }: Step) => errors.push([shown(path), error.message]);
  const found = await collect(client.walk("/t", { onError }));
  expect(errors).toEqual([["/t/3", 'opendir "/t/3": no (EACCES)']]);
  expect(found.length).toBe(all.length - 60);
  await expect(collect(client.walk("/t"))).rejects.toMatchObject({ code: "EACCES" });
  await until("handles to be closed", () => server.openHandles === 0);
});

test("names that are none are told, and nothing is asked about them", async () => {
  const { server, client } = await clientOf();
  server.put("/t/good/file", "");
  const wrong = ["", "..", "a/b", "../../etc", "/etc", "x\0y", "."];
  server.answer = (request) => {
    if (request.operation !== "readdir") return undefined;
    const first = request.handle;
    if (
      first !== "handle 0" ||
      server.requests.filter((it) => "handle" in it && it.handle === first).length > 1
    )
      return undefined;
    const entries = [...wrong, "good"].map((name) => ({
      name,
      longname: "",
      attributes: { mode: 0o040755 },
    }));
    return reply.names(request.id, entries);
  };
  const errors: string[] = [];
  const found = await collect(client.walk("/t", { onError: ({ message }) => errors.push(message) }));
  expect(new Set(paths(found))).toEqual(new Set(["/t/good", "/t/good/file"]));
  // `.` and `..` are in every listing.
  expect(errors.length).toBe(5);
  for (const path of [...asked(server, "opendir"), ...asked(server, "lstat")])
    expect(["/t", "/t/good"]).toContain(path);
});

test("a directory that was replaced by a link is not entered", async () => {
  const { server, client } = await clientOf();
  server.put("/t/d/inside", "");
  server.put("/outside/file", "");
  server.answer = (request) => {
    // Between its listing and its turn.
    if (request.operation === "lstat" && request.path === "/t/d") {
      server.files.delete("/t/d/inside");
      server.link("/t/d", "/outside");
    }
    return undefined;
  };
  const errors: string[] = [];
  const found = paths(await collect(client.walk("/t", { onError: ({ message }) => errors.push(message) })));
  expect(found).toEqual(["/t/d"]);
  expect(errors[0]).toContain("no directory any more");
  await until("handles to be closed", () => server.openHandles === 0);
});

test("the look at a directory is right before its OPENDIR, without a round trip between them", async () => {
  const { server, client } = await clientOf();
  tree(server);
  await collect(client.walk("/t"));
  const operations = server.requests.filter(({ operation }) => /^(lstat|opendir)$/.test(operation));
  for (const [at, request] of operations.entries()) {
    if (request.operation !== "opendir" || request.path === "/t") continue;
    expect(operations[at - 1]).toMatchObject({ operation: "lstat", path: request.path });
  }
  const at = server.requests.findIndex((it) => it.operation === "lstat");
  expect(server.requests[at + 1]?.operation).toBe("opendir");
});

test("what a listing leaves out is asked for", async () => {
  const { server, client } = await clientOf();
  tree(server);
  server.answer = (request, connection) => {
    if (request.operation !== "readdir") return undefined;
    const open = connection.operations.handles.get(request.handle);
    const some = open?.names?.splice(0, 100) ?? [];
    if (!some.length) return undefined;
    return reply.names(
      request.id,
      some.map((name) => ({ name, longname: "", attributes: {} })),
    );
  };
  const found = await collect(client.walk("/t"));
  expect(found.find(({ path }) => path === "/t/link")?.entry.type).toBe("symlink");
  expect(found.length).toBe([...server.files.keys()].filter((path) => path.startsWith("/t/")).length);
});

test("breaking out of it and an abort leave no handle open", async () => {
  for (const way of ["break", "abort"]) {
    for (let after = 1; after < 60; after += 7) {
      const { server, client } = await clientOf();
      tree(server);
      const abort = new AbortController();
      const run = async () => {
        let left = after;
        for await (const _ of client.walk("/t", { signal: abort.signal })) {
          if (--left > 0) continue;
          if (way === "break") break;
          abort.abort();
        }
      };
      await run().catch((error) => expect(error).toBe(abort.signal.reason));
      await until("handles to be closed", () => server.openHandles === 0);
    }
  }
});

test("a directory that has to be read again is looked at again", async () => {
  const { server, client } = await clientOf();
  for (let at = 0; at < 300; at++) server.put(`/t/d/${at}`, "");
  server.put("/outside/file", "");
  let refused = false;
  server.answer = (request, connection) => {
    if (refused || request.operation !== "readdir") return undefined;
    if (connection.operations.handles.get(request.handle)?.path !== "/t/d") return undefined;
    if (connection.operations.handles.get(request.handle)?.names?.length === 302) return undefined;
    refused = true;
    for (let at = 0; at < 300; at++) server.files.delete(`/t/d/${at}`);
    server.link("/t/d", "/outside");
    return reply.status(request.id, Status.FAILURE, "one at a time");
  };
  const errors: string[] = [];
  const found = paths(await collect(client.walk("/t", { onError: ({ message }) => errors.push(message) })));
  expect(refused).toBe(true);
  expect(found).not.toContain("/t/d/file");
  expect(errors[0]).toContain("no directory any more");
});
