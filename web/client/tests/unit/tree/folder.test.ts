import { expect, test } from "vitest";
import { connect } from "../../../src/index.ts";
import { folderTarget, localName } from "../../../src/tree/folder.ts";
import { entriesOf, type SourceEntry } from "../../../src/tree/source.ts";
import { FakeServer } from "../../support/fake-server.ts";
import { until } from "../../support/process.ts";
import * as reply from "../../support/server-codec.ts";
import { asked, clientOf, collect, treeError } from "../../support/tree-client.ts";
import { failOnUnhandled } from "../../support/unhandled.ts";

failOnUnhandled();

type Tree = { [name: string]: Tree | string };

const example: Tree = { top: { a: "1", empty: {}, deep: { er: { b: "22", c: "" } }, "<img src=x>": "333" } };

/** As a drop gives it: 100 entries at a time. */
function fileSystemEntry(name: string, content: Tree | string): FileSystemEntry {
  const isFile = typeof content === "string";
  const ends = { name, isFile, isDirectory: !isFile };
  if (isFile) {
    const file = (done: (file: File) => void) => done(new File([content], name));
    return { ...ends, file } as unknown as FileSystemEntry;
  }
  const names = Object.entries(content);
  return {
    ...ends,
    // For a file in it, by its name; a file's handle has one of the same name.
    getFile: (_: string) => {
      throw new TypeError("not what a directory is read by");
    },
    createReader: () => ({
      readEntries: (done: (entries: FileSystemEntry[]) => void) =>
        done(names.splice(0, 100).map(([name, content]) => fileSystemEntry(name, content))),
    }),
  } as unknown as FileSystemEntry;
}

/** As a picker or the origin private file system gives it. */
function handleOf(name: string, tree: Tree): FileSystemDirectoryHandle {
  const child = (name: string) => {
    const content = tree[name];
    if (typeof content === "object") return handleOf(name, content);
    return {
      ...{ kind: "file", name },
      getFile: async () => new File([content ?? ""], name),
      createWritable: async () => {
        const parts: BlobPart[] = [];
        return {
          write: async (chunk: Uint8Array<ArrayBuffer>) => void parts.push(chunk.slice()),
          seek: async () => {},
          truncate: async () => {},
          abort: async () => {},
          close: async () => {
            tree[name] = await new Blob(parts).text();
          },
        };
      },
    };
  };
  return {
    ...{ kind: "directory", name },
    async *values() {
      for (const name of Object.keys(tree)) yield child(name);
    },
    async getDirectoryHandle(name: string) {
      tree[name] ??= {};
      return child(name);
    },
    async getFileHandle(name: string) {
      tree[name] ??= "";
      return child(name);
    },
  } as unknown as FileSystemDirectoryHandle;
}

const paths = async (source: AsyncIterable<SourceEntry>) =>
  (await collect(source)).map(({ path, file }) => `${path.join("/")}${file ? "" : "/"}`).sort();

const everything = [
  "top/",
  "top/<img src=x>",
  "top/a",
  "top/deep/",
  "top/deep/er/",
  "top/deep/er/b",
  "top/deep/er/c",
];

test("a drop, a directory handle and the files of a form give the same", async () => {
  const entry = fileSystemEntry("top", example.top ?? "");
  const text = { kind: "string", webkitGetAsEntry: () => null, getAsFile: () => null };
  const items = [{ kind: "file", webkitGetAsEntry: () => entry }, text] as unknown as DataTransferItem[];
  expect(await paths(entriesOf(items))).toEqual([...everything, "top/empty/"].sort());
  expect(await paths(entriesOf(handleOf("top", example.top as Tree)))).toEqual(
    [...everything, "top/empty/"].sort(),
  );
  expect(await paths(entriesOf(handleOf("", example)))).toEqual([...everything, "top/empty/"].sort());
  const file = Object.assign(new File(["x"], "b"), { webkitRelativePath: "top/deep/b" });
  expect(await paths(entriesOf([file, new File(["y"], "single")]))).toEqual(["single", "top/deep/b"]);
});

test("a drop is read before anything is awaited, in all its batches, and deep", async () => {
  const many = Object.fromEntries(Array.from({ length: 950 }, (_, at) => [`${at}`, "x"]));
  let tree: Tree = { end: "x" };
  for (let level = 0; level < 1000; level++) tree = { d: tree };
  let open = true;
  const items = [many, tree].map((content, at) => ({
    webkitGetAsEntry: () => (open ? fileSystemEntry(`${at}`, content) : null),
  }));
  const source = entriesOf(items as unknown as DataTransferItem[]);
  open = false;
  expect((await collect(source)).length).toBe(951 + 1002);
});

test("a folder is uploaded with its empty directories, and downloaded the same", async () => {
  const { server, client } = await clientOf();
  const upload = client.uploadFolder(entriesOf(handleOf("top", example.top as Tree)), "/new/here");
  expect(await upload).toMatchObject({ files: 4, bytes: 6, skipped: 0 });
  expect(upload.progress).toMatchObject({ state: "done", files: 4, bytes: 6, failed: 0 });
  expect(server.text("/new/here/top/deep/er/b")).toBe("22");
  expect(server.files.get("/new/here/top/empty")?.kind).toBe("directory");
  expect(server.count("mkdir")).toBeLessThan(9);
  const back: Tree = {};
  const download = client.downloadFolder("/new/here", folderTarget(handleOf("", back)));
  expect(await download).toMatchObject({ files: 4, bytes: 6 });
  expect(back).toEqual({ top: { ...(example.top as Tree), "<img src=x>": undefined, "_img src=x_": "333" } });
});

test("files that fail do not stop the others, nor do names that are none or what cannot be read", async () => {
  const { server, client } = await clientOf();
  server.put("/t/x/there", "old");
  server.put("/t/file", "in the way");
  const file = new Blob(["new"]);
  const source: SourceEntry[] = [
    { path: ["x", "there"], file },
    { path: ["x", "good"], file },
    { path: ["x", "..", "..", "bad"], file },
    { path: ["a/b"], file },
    { path: [""] },
    { path: ["file", "below"], file },
    { path: ["gone"], file: () => Promise.reject(new Error("gone")) },
    { path: ["last"], file: async () => file },
  ];
  const transfer = client.uploadFolder(source, "/t");
  const error = await treeError(transfer);
  expect(error.failures.map((it) => it.path).sort()).toEqual(
    ["x/there", "x/../../bad", "a/b", "", "file/below", "gone"].sort(),
  );
  expect(transfer.progress).toMatchObject({ state: "failed", files: 2, failed: 6 });
  expect([server.text("/t/x/good"), server.text("/t/last"), server.text("/t/x/there")]).toEqual([
    ...["new", "new", "old"],
  ]);
  expect([...server.files.keys()].some((path) => /bad|a\/b/.test(path))).toBe(false);
});

test("hostile names never leave the target of a download", async () => {
  const { server, client } = await clientOf();
  for (const name of ["..\\up", "c:x", "con", "aux.txt", "dot.", "a\nb", "A", "a", "\u00e9", "e\u0301"])
    server.put(`/t/${name}`, name);
  server.answer = (request, connection) => {
    if (request.operation !== "readdir") return undefined;
    const names = connection.operations.handles.get(request.handle)?.names;
    if (!names?.includes(".")) return undefined;
    const some = names.splice(0).map((name) => ({ name, longname: "", attributes: { mode: 0o100644 } }));
    const wrong = ["../../x", "/etc/x", ""].map((name) => ({
      name,
      longname: "",
      attributes: { mode: 0o100644 },
    }));
    return reply.names(request.id, [...some, ...wrong]);
  };
  const back: Tree = {};
  const error = await treeError(client.downloadFolder("/t", folderTarget(handleOf("", back))));
  expect(error.failed).toBe(3);
  expect(Object.keys(back).sort()).toEqual(
    ["..\\up", "c:x"]
      .map((it) => it.replace(/[\\:]/, "_"))
      .concat("_con", "_aux.txt", "dot_", "a_b", "A", "a (2)", "\u00e9", "e\u0301 (2)")
      .sort(),
  );
});

test("local names", () => {
  const name = (it: string, ...taken: string[]) => localName(it, new Set(taken));
  expect(name("plain.txt")).toBe("plain.txt");
  expect(name("...")).toBe("___");
  expect(name(" x . ")).toBe(" x___");
  expect(name("COM1.tar.gz")).toBe("_COM1.tar.gz");
  expect(name("nul .txt")).toBe("_nul .txt");
  expect(name("lpt\u00b2")).toBe("_lpt\u00b2");
  expect(name("console")).toBe("console");
  expect(name('a<b>c:"d"|e?f*g/h\\i')).toBe("a_b_c__d__e_f_g_h_i");
  expect(name("x\u0000\u001f\u007f")).toBe("x___");
  expect(name(".profile", ".profile")).toBe(".profile (2)");
  expect(name("a.tar.gz", "a.tar.gz", "a.tar (2).gz")).toBe("a.tar (3).gz");
});

test("links are left out, and nothing that they lead to is read", async () => {
  const { server, client } = await clientOf();
  server.put("/t/file", "1");
  server.put("/o/file", "22");
  server.link("/t/out", "/o");
  server.link("/t/self", "/t");
  server.link("/t/one", "/o/file");
  server.link("/t/dangling", "/none");
  const back: Tree = {};
  const result = await client.downloadFolder("/t", folderTarget(handleOf("", back)));
  expect(result).toMatchObject({ files: 1, skipped: 4 });
  expect(back).toEqual({ file: "1" });
  expect(asked(server, "open")).toEqual(["/t/file"]);
});

test("a pause stops all of it, and a cancellation ends it", async () => {
  const { server, client } = await clientOf();
  const file = new Blob([new Uint8Array(100_000)]);
  const source = Array.from({ length: 200 }, (_, at) => ({ path: ["d", `${at}`], file }));
  const transfer = client.uploadFolder(source, "/t");
  await until("a few files", () => transfer.progress.files > 5);
  transfer.pause();
  await until("what was under way", async () => {
    const before = server.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return server.requests.length === before;
  });
  expect(transfer.progress).toMatchObject({ state: "paused" });
  expect(transfer.progress.files).toBeLessThan(200);
  transfer.resume();
  await until("some more", () => transfer.progress.files > 50);
  transfer.cancel();
  await expect(transfer).rejects.toMatchObject({ name: "AbortError" });
  expect(transfer.progress.state).toBe("cancelled");
});

test("a lost connection that does not come back ends it, and not file by file", async () => {
  const { server, client } = await clientOf();
  const file = new Blob(["x"]);
  const source = Array.from({ length: 1000 }, (_, at) => ({ path: [`${at}`], file }));
  server.answer = (request) => {
    if (request.operation === "write" && server.count("write") === 20) server.cut();
    return undefined;
  };
  const error = await client.uploadFolder(source, "/t").then(null, (it) => it);
  expect(error).toMatchObject({ name: "ConnectionError" });
});

/** A promise that is never fulfilled. */
const never = () => new Promise<never>(() => {});

test("a cancellation waits for nothing that others hold up, and closes the source", async () => {
  const { server, client } = await clientOf();
  server.put("/t/file", "x");
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  let closed = false;
  async function* slow(): AsyncGenerator<SourceEntry> {
    try {
      for (let at = 0; ; at++) {
        yield { path: [`${at}`], file: new Blob(["x"]) };
        if (at === 20) await held;
      }
    } finally {
      closed = true;
    }
  }
  const target = { directory: never, file: never };
  const stuck = [
    client.uploadFolder(slow(), "/a"),
    client.uploadFolder([{ path: ["file"], file: never }], "/b"),
    client.downloadFolder("/t", target),
  ];
  await until("some files", () => stuck[0]?.progress.files === 21);
  for (const transfer of stuck) {
    transfer.cancel("enough");
    await expect(transfer).rejects.toBe("enough");
    expect(transfer.progress.state).toBe("cancelled");
  }
  go();
  await until("the source to be closed", () => closed);
  expect(server.files.has("/a/21")).toBe(false);
});

test("a source is read no further ahead than files are sent, and closed when the connection is lost", async () => {
  const { server, client } = await clientOf();
  let read = 0;
  let closed = false;
  let ahead = 0;
  function* many(): Generator<SourceEntry> {
    try {
      for (; ; read++) {
        ahead = Math.max(ahead, read - transfer.progress.files);
        yield { path: ["d", `${read}`], file: new Blob(["x"]) };
      }
    } finally {
      closed = true;
    }
  }
  const transfer = client.uploadFolder(many(), "/t", { parallel: 4 });
  expect(transfer.progress).toMatchObject({ files: 0, failed: 0, bytes: 0 });
  await until("many files", () => transfer.progress.files > 100);
  server.cut();
  await expect(transfer).rejects.toMatchObject({ name: "ConnectionError" });
  expect(closed).toBe(true);
  expect(ahead).toBeLessThan(7);
});

test("a connection that is lost while directories are made, and comes back, ends nothing", async () => {
  const server = new FakeServer();
  const client = await connect("ws://memory", { transport: server.open });
  let cuts = 0;
  server.answer = (request, { transport }) => {
    if (request.operation !== "mkdir" || server.count("mkdir") % 7 || cuts++ > 4) return undefined;
    transport.cut();
    return [];
  };
  const source = Array.from({ length: 30 }, (_, at) => ({ path: [`${at}`, "file"], file: new Blob(["x"]) }));
  expect(await client.uploadFolder(source, "/t")).toMatchObject({ files: 30 });
  expect(cuts).toBeGreaterThan(1);
  await client.close();
});

test("names of the source that mean something to JavaScript are names", async () => {
  const { server, client } = await clientOf();
  const names = ["__proto__", "constructor", "toString", "con", "\\", "..."];
  const source = names.map((name) => ({ path: [name, name], file: new Blob([name]) }));
  expect(await client.uploadFolder(source, "/t")).toMatchObject({ files: names.length });
  for (const name of names) expect(server.text(`/t/${name}/${name}`)).toBe(name);
  const error = await treeError(client.uploadFolder([{ path: [], file: new Blob(["x"]) }], "/t"));
  expect(error.failed).toBe(1);
});

test("where a directory cannot be made, its files fail, and none lands elsewhere", async () => {
  const { server, client } = await clientOf();
  for (const path of ["/t/bad/x", "/t/bad/deep/y", "/t/good/z"]) server.put(path, "1");
  const back: Tree = {};
  const target = folderTarget(handleOf("", back));
  const error = await treeError(
    client.downloadFolder("/t", {
      ...target,
      directory: (name) => (name === "bad" ? Promise.reject(new Error("no")) : target.directory(name)),
    }),
  );
  expect(error.failed).toBe(4);
  expect(back).toEqual({ good: { z: "1" } });
});

test("names as long as packets are cut, and soon", () => {
  expect(localName(`${". ".repeat(100_000)}x`, new Set()).length).toBe(255);
});
