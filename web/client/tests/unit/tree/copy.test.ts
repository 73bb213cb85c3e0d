import { expect, test } from "vitest";
import { Status } from "../../../src/codec/numbers.ts";
import { connect } from "../../../src/index.ts";
import { FakeServer } from "../../support/fake-server.ts";
import { until } from "../../support/process.ts";
import * as reply from "../../support/server-codec.ts";
import { asked, clientOf, treeError } from "../../support/tree-client.ts";

/** What is in a directory: kind, permissions and content by path. */
const seen = (server: FakeServer, top: string) =>
  Object.fromEntries(
    [...server.files]
      .filter(([path]) => path.startsWith(`${top}/`))
      .map(([path, { kind, mode }]): [string, string] => [
        path.slice(top.length),
        `${kind} ${mode.toString(8)} ${kind === "directory" ? "" : server.text(path)}`,
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

const parts = (server: FakeServer) => [...server.files.keys()].filter((path) => path.endsWith(".part"));

function tree(server: FakeServer): void {
  server.put("/outside/file", "precious");
  for (let a = 0; a < 5; a++)
    for (let b = 0; b < 5; b++) server.put(`/t/${a}/${b}`, `${a} ${b} `.repeat(a * 1000), { mode: 0o640 });
  server.folder("/t/empty/in");
  server.put("/t/0/none", "", { mode: 0o444 });
  server.link("/t/1/out", "/outside");
  server.link("/t/1/dangling", "../nowhere");
}

test("a tree is copied, links as links, by copy-data and through here", async () => {
  for (const copyData of [true, false]) {
    const { server, client } = await clientOf({ shuffle: "replies" });
    tree(server);
    const told: number[] = [];
    await client.copy("/t", "/c", {
      ...{ recursive: true, preserve: true, copyData },
      onProgress: ({ files }) => told.push(files),
    });
    expect(seen(server, "/c")).toEqual(seen(server, "/t"));
    expect(told.at(-1)).toBe(5 * 5 + 1 + 2);
    expect(server.count("copy-data") > 0).toBe(copyData);
    // One for each of the empty ones: files of /proc have no size either.
    expect(server.count("read") > 6).toBe(!copyData);
    await until("handles to be closed", () => server.openHandles === 0);
  }
});

test("`preserve` keeps the times and permissions of files", async () => {
  for (const copyData of [true, false]) {
    const { server, client } = await clientOf();
    tree(server);
    const old = { atime: 1000, mtime: 2000 };
    for (const [path, file] of server.files) if (path.startsWith("/t")) Object.assign(file, old);
    Object.assign(server.files.get("/t/2/2") ?? {}, { mode: 0o4755 });
    await client.copy("/t", "/c", { recursive: true, preserve: true, copyData });
    for (const path of ["/c/2/1", "/c/2/2", "/c/0/none"]) expect(server.files.get(path)).toMatchObject(old);
    // No program of another owner's rights out of a copy.
    expect(server.files.get("/c/2/2")?.mode).toBe(0o755);
  }
});

test("a large file is copied in pieces of 16 MiB, with progress; an abort between them leaves nothing", async () => {
  const { server, client } = await clientOf();
  server.put("/big", new Uint8Array(40 << 20).fill(7));
  const bytes: number[] = [];
  await client.copy("/big", "/copy", { onProgress: (it) => bytes.push(it.bytes >> 20) });
  expect(bytes).toEqual([16, 32, 40, 40]);
  expect(Buffer.compare(server.content("/copy"), server.content("/big"))).toBe(0);
  const abort = new AbortController();
  const onProgress = () => abort.abort();
  const copying = client.copy("/big", "/other", { signal: abort.signal, onProgress });
  await expect(copying).rejects.toMatchObject({ name: "AbortError" });
  await until("it to be tidied up", () => parts(server).length === 0 && server.openHandles === 0);
  expect(server.files.has("/other")).toBe(false);
});

test("a server whose copy-data fails is copied through here", async () => {
  const { server, client } = await clientOf();
  server.put("/file", new Uint8Array(3 << 20).fill(3));
  server.answer = (request) =>
    request.operation === "copy-data" ? reply.status(request.id, Status.FAILURE, "no") : undefined;
  await client.copy("/file", "/copy");
  expect(Buffer.compare(server.content("/copy"), server.content("/file"))).toBe(0);
});

test("a directory is not copied into itself, also not through links; nothing is made", async () => {
  const { server, client } = await clientOf();
  tree(server);
  server.link("/loop", "/t/1");
  server.link("/same", "/t");
  const before = [...server.files.keys()];
  for (const to of ["/t", "/t/", "/t/x", "/t/1/2/../x", "/loop/x", "/same/x", "/t/1/out/../t/x"])
    await expect(client.copy("/t", to, { recursive: true })).rejects.toThrow(/itself|no name/);
  await expect(client.copy("/t/0/0", "/same/0/0", { conflict: "overwrite" })).rejects.toThrow(/itself/);
  for (const to of ["", "/", "..", "/x/.."]) await expect(client.copy("/t", to)).rejects.toThrow(/no name/);
  await expect(client.copy("/t", "/x")).rejects.toThrow(/directory/);
  expect([...server.files.keys()]).toEqual(before);
  // A name that only begins the same is another.
  await client.copy("/t", "/tt", { recursive: true });
  expect(seen(server, "/tt")).toMatchObject({ "/1/dangling": "symlink 777 ../nowhere" });
});

test("conflicts: `error`, `skip`, `overwrite`, `rename`, `newer` and a function", async () => {
  const run = async (conflict: Parameters<typeof client.copy>[2]) => {
    const { server, client } = await clientOf();
    server.put("/a/file.txt", "new", { mtime: 2000 });
    server.put("/b/file.txt", "old", { mtime: 3000 });
    const error = await client.copy("/a/file.txt", "/b/file.txt", conflict).catch((it) => it);
    expect(parts(server)).toEqual([]);
    return { text: server.text("/b/file.txt"), names: server.names("/b"), error };
  };
  const { client } = await clientOf();
  expect(await run({})).toMatchObject({ text: "old", error: { code: "exists" } });
  expect(await run({ conflict: "skip" })).toMatchObject({ text: "old", error: undefined });
  expect(await run({ conflict: "overwrite" })).toMatchObject({ text: "new", error: undefined });
  expect(await run({ conflict: "newer" })).toMatchObject({ text: "old", error: undefined });
  expect(await run({ conflict: "rename" })).toMatchObject({
    text: "old",
    names: ["file.txt", "file (2).txt"],
  });
  const elsewhere = await run({ conflict: () => ({ path: "/b/other" }) });
  expect(elsewhere).toMatchObject({ text: "old", names: ["file.txt", "other"] });
});

test("a link at the target is replaced itself, and one in place of a directory is in the way", async () => {
  const { server, client } = await clientOf();
  tree(server);
  server.link("/c/0/0", "/outside/file");
  server.link("/c/1", "/outside");
  const error = await treeError(client.copy("/t", "/c", { recursive: true, conflict: "overwrite" }));
  // What is in it fails with it.
  const failed = ["/t/1", ...[...Array(5).keys(), "out", "dangling"].map((name) => `/t/1/${name}`)];
  expect(error.failures.map(({ path }) => path).sort()).toEqual(failed.sort());
  expect(server.files.get("/c/0/0")?.kind).toBe("file");
  expect(server.text("/outside/file")).toBe("precious");
  expect(server.names("/outside")).toEqual(["file"]);
  expect(server.text("/c/2/2")).toBe(server.text("/t/2/2"));
});

test("what cannot be copied does not stop the rest, and names that are none are not asked for", async () => {
  const { server, client } = await clientOf();
  tree(server);
  server.answer = (request, connection) => {
    if (request.operation === "open" && request.path === "/t/2/2")
      return reply.status(request.id, Status.PERMISSION_DENIED, "no");
    if (request.operation !== "readdir") return undefined;
    const open = connection.operations.handles.get(request.handle);
    if (open?.path !== "/t/3" || !open.names?.length) return undefined;
    open.names.length = 0;
    const names = ["../../outside/file", "..", "1"];
    return reply.names(
      request.id,
      names.map((name) => ({ name, longname: "", attributes: { mode: 0o100644 } })),
    );
  };
  const error = await treeError(client.copy("/t", "/c", { recursive: true }));
  expect(error.failures.map((it) => it.path).sort()).toEqual(["/t/2/2", "/t/3"]);
  expect(server.names("/c/3")).toEqual(["1"]);
  expect(server.text("/c/4/4")).toBe(server.text("/t/4/4"));
  for (const path of asked(server, "open")) expect(path).toMatch(/^\/[tc]\/\d\/[^/]+$/);
});

test("a lost connection ends it, and no file has its name before it is complete", async () => {
  const { server, client } = await clientOf();
  tree(server);
  let writes = 0;
  server.answer = (request) => {
    if (request.operation === "write" && ++writes === 3) server.cut();
    return undefined;
  };
  const error = await client.copy("/t", "/c", { recursive: true, copyData: false }).catch((it) => it);
  expect(error).toMatchObject({ name: "ConnectionError" });
  for (const [path, { kind }] of server.files)
    if (path.startsWith("/c/") && kind === "file" && !path.endsWith(".part"))
      expect(server.text(path)).toBe(server.text(path.replace("/c/", "/t/")));
});

test("where copy-data says yes to less than it was asked for, the rest comes through here", async () => {
  const { server, client } = await clientOf();
  const content = new Uint8Array(3_000_000).map((_, at) => at % 251);
  server.put("/file", content);
  server.answer = (request, connection) =>
    request.operation === "copy-data"
      ? connection.operations.answer({ ...request, length: 1_000_000 })
      : undefined;
  await client.copy("/file", "/copy");
  expect(Buffer.compare(server.content("/copy"), content)).toBe(0);
});

test("a file that becomes shorter while it is copied is no copy", async () => {
  for (const copyData of [true, false]) {
    const { server, client } = await clientOf();
    const file = server.put("/file", new Uint8Array(3_000_000));
    server.answer = (request) => {
      if (/copy-data|^read$/.test(request.operation)) server.truncate(file, 1_000_000);
      return undefined;
    };
    await expect(client.copy("/file", "/copy", { copyData })).rejects.toMatchObject({ code: "source" });
    await until("it to be tidied up", () => parts(server).length === 0);
    expect(server.files.has("/copy")).toBe(false);
  }
});

test("a file that is replaced by a link before it is opened is told, and not read", async () => {
  const { server, client } = await clientOf();
  server.put("/t/file", "own");
  server.put("/t/other", "other");
  server.put("/secret", "secret");
  server.answer = (request) => {
    if (request.operation === "lstat" && request.path === "/t/file") server.link("/t/file", "/secret");
    return undefined;
  };
  const error = await treeError(client.copy("/t", "/c", { recursive: true }));
  expect(error.failures).toMatchObject([{ path: "/t/file" }]);
  await until("it to be tidied up", () => server.openHandles === 0 && parts(server).length === 0);
  expect(server.names("/c")).toEqual(["other"]);
  const at = server.requests.findIndex((it) => it.operation === "lstat" && it.path === "/t/file");
  expect(server.requests[at + 1]).toMatchObject({ operation: "open", path: "/t/file" });
});

test("FIFOs, sockets and devices are told and never opened; the rest is copied", async () => {
  const { server, client } = await clientOf();
  tree(server);
  const special = { fifo: 0o010644, socket: 0o140644, device: 0o020644 };
  for (const name of Object.keys(special)) server.put(`/t/3/${name}`, "never read");
  const pretend = (path: string) => special[path.split("/").at(-1) as keyof typeof special];
  server.answer = (request, connection) => {
    if (request.operation === "lstat" && pretend(String(request.path)))
      return reply.attributes(request.id, { mode: pretend(String(request.path)) });
    if (request.operation !== "readdir") return undefined;
    const names = connection.operations.handles.get(request.handle)?.names;
    if (!names?.includes("fifo")) return undefined;
    const entries = names.splice(0).map((name) => ({
      ...{ name, longname: "" },
      attributes: { mode: pretend(name) ?? (/^\.+$/.test(name) ? 0o040755 : 0o100644) },
    }));
    return reply.names(request.id, entries);
  };
  const error = await treeError(client.copy("/t", "/c", { recursive: true }));
  expect(error.failures.map(({ path }) => path).sort()).toEqual(["/t/3/device", "/t/3/fifo", "/t/3/socket"]);
  await expect(client.copy("/t/3/fifo", "/x")).rejects.toThrow(/other/);
  expect(server.text("/c/3/3")).toBe(server.text("/t/3/3"));
  expect(asked(server, "open").filter((path) => pretend(String(path)))).toEqual([]);
});

test("a server for which every name is taken is given up", async () => {
  const { server, client } = await clientOf();
  server.put("/file", "x");
  server.answer = (request) =>
    request.operation === "lstat" && request.path !== "/file"
      ? reply.attributes(request.id, { mode: 0o100644 })
      : undefined;
  await expect(client.copy("/file", "/copy", { conflict: "rename" })).rejects.toThrow(/no name/);
});

test("an abort does not wait for a server that is silent, at whatever request", async () => {
  for (const operation of [
    "realpath",
    "lstat",
    "opendir",
    "open",
    "fstat",
    "copy-data",
    "read",
    "write",
    "close",
  ])
    for (const copyData of [true, false]) {
      const { server, client } = await clientOf();
      tree(server);
      const abort = new AbortController();
      let silent = false;
      server.answer = (request) => {
        silent ||= request.operation === operation;
        if (silent) setTimeout(() => abort.abort(), 2);
        return silent ? [] : undefined;
      };
      const copying = client.copy("/t", "/c", { recursive: true, copyData, signal: abort.signal });
      const error = await copying.catch((it) => it);
      if (silent) expect(error).toBe(abort.signal.reason);
      expect([...server.files.keys()].filter((it) => /^\/c.*\.part$/.test(it)).length).toBeLessThan(9);
      await client.close();
    }
});

test("files of /proc, which have no size, are copied whole", async () => {
  const { server, client } = await clientOf();
  server.put("/proc", "x".repeat(1000));
  server.answer = (request) =>
    /^(l|f)?stat$/.test(request.operation) && !("path" in request && request.path !== "/proc")
      ? reply.attributes(request.id, { mode: 0o100444, size: 0 })
      : undefined;
  await client.copy("/proc", "/copy");
  expect(server.text("/copy")).toBe("x".repeat(1000));
});

test("a lost connection ends it at once, and what is left is tidied up by the next one", async () => {
  for (const operation of ["write", "copy-data", "rename", "open"] as const) {
    const server = new FakeServer();
    const client = await connect("ws://memory", { transport: server.open });
    server.put("/file", new Uint8Array(3 << 20));
    let cut = false;
    server.answer = (request) => {
      if (cut || request.operation !== operation) return undefined;
      cut = true;
      server.cut();
      return [];
    };
    const copying = client.copy("/file", "/copy", { copyData: operation === "copy-data" });
    await expect(copying).rejects.toMatchObject({ name: "ConnectionError" });
    await until("it to be tidied up", () => parts(server).length === 0 && server.openHandles === 0);
    expect(server.files.has("/copy")).toBe(false);
    await client.close();
  }
});
