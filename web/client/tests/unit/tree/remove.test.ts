import { expect, test } from "vitest";
import { Status } from "../../../src/codec/numbers.ts";
import { TreeError } from "../../../src/tree/pool.ts";
import type { FakeServer } from "../../support/fake-server.ts";
import { until } from "../../support/process.ts";
import * as reply from "../../support/server-codec.ts";
import { asked, clientOf, treeError } from "../../support/tree-client.ts";

const below = (server: FakeServer, path: string) =>
  [...server.files.keys()].filter((it) => it === path || it.startsWith(`${path}/`));

/** With links to what must stay. */
function tree(server: FakeServer): void {
  server.put("/outside/deep/file", "precious");
  for (let a = 0; a < 8; a++)
    for (let b = 0; b < 8; b++) for (let c = 0; c < 4; c++) server.put(`/t/${a}/${b}/${c}`, "x");
  server.folder("/t/1/empty");
  server.link("/t/out", "/outside");
  server.link("/t/2/3/up", "../../..");
  server.link("/t/2/3/self", ".");
  server.link("/t/2/out", "/outside/deep");
  server.link("/t/2/file", "/outside/deep/file");
  server.link("/t/2/dangling", "/nowhere");
}

const stays = (server: FakeServer) => expect(server.text("/outside/deep/file")).toBe("precious");

test("a tree is removed with its links, and what they lead to stays", async () => {
  for (const shuffle of [undefined, "replies", "requests"] as const) {
    const { server, client } = await clientOf(shuffle ? { shuffle } : {});
    tree(server);
    const told: number[] = [];
    await client.remove("/t", { recursive: true, onProgress: ({ removed }) => told.push(removed) });
    expect(below(server, "/t")).toEqual([]);
    expect(told.at(-1)).toBe(8 * 8 * 4 + 8 * 8 + 8 + 1 + 6 + 1);
    stays(server);
    for (const operation of ["opendir", "remove", "rmdir"] as const)
      for (const path of asked(server, operation)) expect(path).toMatch(/^\/t(\/|$)/);
    await until("handles to be closed", () => server.openHandles === 0);
  }
});

test("a link to a directory is removed itself, also with a slash behind it, and recursively or not", async () => {
  for (const path of ["/link", "/link/", "/link//"]) {
    for (const recursive of [true, false]) {
      const { server, client } = await clientOf();
      tree(server);
      server.link("/link", "/outside");
      await client.remove(path, { recursive });
      expect(server.files.has("/link")).toBe(false);
      stays(server);
    }
  }
});

test("a directory that becomes a link while the tree is removed keeps what the link leads to", async () => {
  for (const moment of ["lstat", "readdir", "rmdir"] as const) {
    const { server, client } = await clientOf();
    server.put("/t/d/file", "");
    server.put("/outside/file", "precious");
    let done = false;
    server.answer = (request) => {
      const here = "path" in request ? request.path === "/t/d" : true;
      if (done || request.operation !== moment || !here) return undefined;
      done = true;
      server.files.delete("/t/d/file");
      server.link("/t/d", "/outside");
      return undefined;
    };
    await client.remove("/t", { recursive: true });
    expect(done).toBe(true);
    expect(server.files.has("/outside/file")).toBe(true);
    expect(below(server, "/t")).toEqual([]);
  }
});

test("a directory is not removed with what is in it unless that was asked for", async () => {
  const { server, client } = await clientOf();
  tree(server);
  const before = below(server, "/t").length;
  await expect(client.remove("/t")).rejects.toMatchObject({ operation: "rmdir" });
  expect(below(server, "/t").length).toBe(before);
  server.folder("/empty");
  await client.remove("/empty");
  await client.remove("/t/0/0/0");
  expect(server.files.has("/empty")).toBe(false);
  expect(server.files.has("/t/0/0/0")).toBe(false);
  await expect(client.remove("/none", { recursive: true })).rejects.toMatchObject({ code: "ENOENT" });
});

test("tops that are no names are refused before anything is asked", async () => {
  const { server, client } = await clientOf();
  tree(server);
  const before = server.requests.length;
  const bytes = (text: string) => new TextEncoder().encode(text);
  for (const path of ["", "/", "//", ".", "..", "./", "../", "/t/..", "/t/.", "/t/../", "a/..//"]) {
    await expect(client.remove(path, { recursive: true })).rejects.toThrow(/no name/);
    await expect(client.remove(bytes(path), { recursive: true })).rejects.toThrow(/no name/);
  }
  expect(server.requests.length).toBe(before);
});

test("names that are none are never removed, and are told", async () => {
  const { server, client } = await clientOf();
  tree(server);
  server.answer = (request, connection) => {
    if (request.operation !== "readdir") return undefined;
    const open = connection.operations.handles.get(request.handle);
    if (open?.path !== "/t/2" || !open.names?.length) return undefined;
    open.names.length = 0;
    const names = ["../../outside", "..", "", "3/../../outside", "/outside", "file"];
    const entries = names.map((name) => ({ name, longname: "", attributes: { mode: 0o040755 } }));
    return reply.names(request.id, entries);
  };
  const error = await treeError(client.remove("/t", { recursive: true }));
  expect(error.failures.map((it) => it.path)).toContain("/t/2");
  expect(error.failures.map((it) => it.error.message).join()).toContain("is no name");
  stays(server);
  for (const operation of ["lstat", "opendir", "remove", "rmdir"] as const)
    for (const path of asked(server, operation)) expect(path).toMatch(/^\/t(\/\d)*(\/\w+)?$/);
});

test("what cannot be removed stays with those above it, the rest goes, and the error tells which and why", async () => {
  const { server, client } = await clientOf();
  tree(server);
  server.answer = (request) =>
    (request.operation === "remove" && request.path === "/t/3/3/1") ||
    (request.operation === "opendir" && request.path === "/t/4/4")
      ? reply.status(request.id, Status.PERMISSION_DENIED, "no")
      : undefined;
  const error = await treeError(client.remove("/t", { recursive: true }));
  const why = error.failures.map((it) => `${it.path}: ${it.error.message}`);
  expect(why).toContain('/t/3/3/1: remove "/t/3/3/1": no (EACCES)');
  expect(why).toContain('/t/4/4: opendir "/t/4/4": no (EACCES)');
  expect(error.failed).toBe(6);
  const left = ["/t", "/t/3", "/t/3/3", "/t/3/3/1", "/t/4", "/t/4/4"];
  expect(
    below(server, "/t")
      .filter((it) => !it.startsWith("/t/4/4/"))
      .sort(),
  ).toEqual(left);
  stays(server);
});

test("what vanishes meanwhile is fine", async () => {
  const { server, client } = await clientOf();
  tree(server);
  let count = 0;
  server.answer = (request) => {
    if (!/remove|rmdir|opendir/.test(request.operation) || !("path" in request) || request.path === "/t")
      return undefined;
    if (count++ % 3 === 0) for (const path of below(server, String(request.path))) server.files.delete(path);
    return undefined;
  };
  await client.remove("/t", { recursive: true });
  expect(below(server, "/t")).toEqual([]);
  stays(server);
});

test("a server that leaves entries out while they are removed is asked again", async () => {
  const { server, client } = await clientOf();
  for (let at = 0; at < 1000; at++) server.put(`/t/${at}`, "");
  let left = 150;
  server.answer = (request, connection) => {
    if (request.operation === "readdir" && left > 0) {
      left -= 50;
      connection.operations.handles.get(request.handle)?.names?.splice(0, 50);
    }
    return undefined;
  };
  await client.remove("/t", { recursive: true });
  expect(below(server, "/t")).toEqual([]);
});

test("a server that says yes and lists the same again is given up", async () => {
  const { server, client } = await clientOf();
  tree(server);
  server.answer = (request) => {
    if (request.operation === "remove") return reply.status(request.id, Status.OK, "");
    return undefined;
  };
  await expect(client.remove("/t", { recursive: true })).rejects.toBeInstanceOf(TreeError);
  expect(asked(server, "opendir").filter((path) => path === "/t").length).toBe(3);
});

test("10,000 files go with no more than 32 requests under way", async () => {
  const { server, client } = await clientOf();
  for (let at = 0; at < 10_000; at++) server.put(`/t/${at % 20}/${at}`, "");
  // The names of a directory are looked for in all of them: here the table is the directory.
  const gone = new Set<string>();
  let underWay = 0;
  let most = 0;
  server.answer = (request) => {
    if (request.operation !== "remove") return undefined;
    most = Math.max(most, ++underWay);
    setImmediate(() => underWay--);
    gone.add(String(request.path));
    server.files.delete(String(request.path));
    return reply.status(request.id, Status.OK, "");
  };
  await client.remove("/t", { recursive: true });
  expect(gone.size).toBe(10_000);
  expect(most).toBeLessThanOrEqual(64);
  expect(below(server, "/t")).toEqual([]);
});

test("types that the listing leaves out are looked at first", async () => {
  const { server, client } = await clientOf();
  tree(server);
  server.answer = (request, connection) => {
    if (request.operation !== "readdir") return undefined;
    const some = connection.operations.handles.get(request.handle)?.names?.splice(0, 100) ?? [];
    if (!some.length) return undefined;
    return reply.names(
      request.id,
      some.map((name) => ({ name, longname: "", attributes: {} })),
    );
  };
  await client.remove("/t", { recursive: true });
  expect(below(server, "/t")).toEqual([]);
  stays(server);
});

test("an abort and a lost connection end it at once, and nothing is asked after it", async () => {
  for (const way of ["abort", "cut"]) {
    for (const after of [1, 5, 40, 200]) {
      const { server, client } = await clientOf();
      tree(server);
      const abort = new AbortController();
      let left = after;
      const onProgress = () => {
        if (--left === 0) way === "abort" ? abort.abort() : server.cut();
      };
      const error = await client
        .remove("/t", { recursive: true, signal: abort.signal, onProgress })
        .catch((it) => it);
      expect(error).toMatchObject({ name: way === "abort" ? "AbortError" : "ConnectionError" });
      const before = asked(server, "remove").length;
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(asked(server, "remove").length - before).toBeLessThan(33);
      expect(below(server, "/t").length).toBeGreaterThan(0);
      stays(server);
    }
  }
});
