import { expect, test } from "vitest";
import { Status } from "../../../src/codec/numbers.ts";
import { ConnectionError, SftpError } from "../../../src/errors.ts";
import { type CheckpointStore, MemoryCheckpoints } from "../../../src/transfer/checkpoint.ts";
import { numbered } from "../../../src/transfer/conflict.ts";
import type { UploadOptions, UploadResult } from "../../../src/transfer/options.ts";
import { type Transfer, TransferError } from "../../../src/transfer/transfer.ts";
import { VerifyError } from "../../../src/transfer/verify.ts";
import { FakeServer, type FakeServerOptions } from "../../support/fake-server.ts";
import { FixedWindow } from "../../support/fixed-window.ts";
import { until } from "../../support/process.ts";
import { reconnecting } from "../../support/reconnecting.ts";
import { attributes, OPENSSH_EXTENSIONS, status } from "../../support/server-codec.ts";

const RETRY = { delay: 1, maximum: 5, attempts: 20 };
/** A few bytes in a request, so that a short text is many. */
const small = () => new FixedWindow(8, 10);
const NEW = "The new content of the file, in many requests.";
const OLD = "old";

function serve(options: FakeServerOptions = {}) {
  const server = new FakeServer(options);
  server.folder("/d");
  const client = reconnecting(async () => server.connect(), small);
  return { server, client };
}

const file = (text = NEW, lastModified = 1_600_000_000_000) => new File([text], "source", { lastModified });
/** But for an old file that the last request of `renameOver` would have removed. */
const names = (server: FakeServer) =>
  server
    .names("/d")
    .filter((name) => !name.startsWith(".replaced-"))
    .sort();
const nothingLeft = async (server: FakeServer, expected: string[]) => {
  await until(
    `${names(server)} to be tidied up`,
    () => names(server).join() === expected.join() && !server.openHandles,
    3000,
  );
};
const without = (...gone: string[]) =>
  Object.fromEntries(Object.entries(OPENSSH_EXTENSIONS).filter(([name]) => !gone.includes(name)));

for (const size of [0, 1, 9, 10, 11, 100, 1000]) {
  for (const atomic of [true, false]) {
    test(`${size} bytes arrive, ${atomic ? "by a partial file" : "in place"}`, async () => {
      const { server, client } = serve();
      const text = "x".repeat(size);
      const result = await client.upload(file(text), "/d/f", { atomic });
      expect(result).toEqual({ path: "/d/f", bytes: size, resumed: 0, verified: "size" });
      expect(server.text("/d/f")).toBe(text);
      await nothingLeft(server, ["f"]);
    });
  }
}

function pieces(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

for (const [length, piece] of [
  [0, 1],
  [1, 1],
  [95, 3],
  [100, 10],
  [100, 37],
  [100, 1000],
] as const) {
  for (const atomic of [true, false]) {
    test(`a stream of ${length} bytes in pieces of ${piece} arrives, atomic ${atomic}`, async () => {
      const { server, client } = serve();
      const text = NEW.repeat(3).slice(0, length);
      const result = await client.upload(pieces(text, piece), "/d/f", { atomic });
      expect(result.bytes).toBe(length);
      expect(server.text("/d/f")).toBe(text);
      await nothingLeft(server, ["f"]);
    });
  }
}

test("a transfer tells how far the server has acknowledged, and its end", async () => {
  const { client } = serve();
  const transfer = client.upload(file(), "/d/f");
  const seen = [];
  for await (const progress of transfer) seen.push(progress);
  expect(seen.at(-1)).toEqual({ state: "done", bytes: NEW.length, total: NEW.length, resumed: 0 });
  const bytes = seen.map((it) => it.bytes);
  expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
});

test("while a transfer is paused nothing is sent, and after that it goes on", async () => {
  const { server, client } = serve();
  const text = NEW.repeat(100);
  const transfer = client.upload(file(text), "/d/f");
  await until("the first bytes", () => transfer.progress.bytes > 0);
  transfer.pause();
  expect(transfer.progress.state).toBe("paused");
  await new Promise((resolve) => setTimeout(resolve, 50));
  const sent = server.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.requests.length).toBe(sent);
  expect(server.files.has("/d/f")).toBe(false);
  transfer.resume();
  await transfer;
  expect(server.text("/d/f")).toBe(text);
});

test("the window is asked for more than it has, so that it can grow", async () => {
  const server = new FakeServer();
  const window = new FixedWindow(8, 10);
  let most = 0;
  const reserve = window.reserve.bind(window);
  window.reserve = (bytes, signal) => {
    most = Math.max(most, window.inFlight + bytes);
    return reserve(bytes, signal);
  };
  const client = reconnecting(
    async () => server.connect(),
    () => window,
  );
  await client.upload(file(NEW.repeat(9)), "/f");
  expect(most).toBeGreaterThan(window.size);
});

// Conflicts.

/** What it resolves or rejects with. */
const outcome = (transfer: Transfer<UploadResult>) =>
  transfer.then(
    (done) => done as UploadResult & TransferError,
    (error) => error as UploadResult & TransferError,
  );

async function conflicting(
  conflict: UploadOptions["conflict"],
  atomic: boolean,
  old = OLD,
  mtime = 1_500_000_000,
) {
  const { server, client } = serve();
  server.put("/d/f.txt", old, { mtime, mode: 0o640 });
  const options = conflict === undefined ? { atomic } : { conflict, atomic };
  const result = await outcome(client.upload(file(), "/d/f.txt", options));
  return { server, client, result };
}

for (const atomic of [true, false]) {
  const how = atomic ? "by a partial file" : "in place";

  test(`without a policy a file that is there is an error, ${how}`, async () => {
    const { server, result } = await conflicting(undefined, atomic);
    expect(result).toBeInstanceOf(TransferError);
    expect(result.code).toBe("exists");
    expect(server.text("/d/f.txt")).toBe(OLD);
    expect(names(server)).toEqual(["f.txt"]);
    expect(server.count("write")).toBe(0);
  });

  test(`overwrite replaces it and keeps its permissions, ${how}`, async () => {
    const { server } = await conflicting("overwrite", atomic);
    expect(server.text("/d/f.txt")).toBe(NEW);
    expect(server.files.get("/d/f.txt")?.mode).toBe(0o640);
    await nothingLeft(server, ["f.txt"]);
  });

  test(`skip leaves it, ${how}`, async () => {
    const { server, result } = await conflicting("skip", atomic);
    expect(result.skipped).toBe(true);
    expect(server.text("/d/f.txt")).toBe(OLD);
    expect(server.count("open")).toBe(0);
  });

  test(`rename finds the first free number, ${how}`, async () => {
    const { server, client, result } = await conflicting("rename", atomic);
    expect(result.path).toBe("/d/f (2).txt");
    const again = await client.upload(file("third"), "/d/f.txt", { conflict: "rename", atomic });
    expect(again.path).toBe("/d/f (3).txt");
    expect(server.text("/d/f.txt")).toBe(OLD);
    expect(server.text("/d/f (2).txt")).toBe(NEW);
    expect(server.text("/d/f (3).txt")).toBe("third");
    await nothingLeft(server, ["f (2).txt", "f (3).txt", "f.txt"]);
  });

  test(`newer replaces what is older, and leaves what is not, ${how}`, async () => {
    const older = await conflicting("newer", atomic, OLD, 1_599_999_999);
    expect(older.server.text("/d/f.txt")).toBe(NEW);
    const same = await conflicting("newer", atomic, OLD, 1_600_000_000);
    expect(same.result.skipped).toBe(true);
    expect(same.server.text("/d/f.txt")).toBe(OLD);
  });

  test(`resume replaces what is not known to be the beginning, ${how}`, async () => {
    const { server } = await conflicting("resume", atomic);
    expect(server.text("/d/f.txt")).toBe(NEW);
    await nothingLeft(server, ["f.txt"]);
  });

  test(`a function is told of both files, and decides, ${how}`, async () => {
    const asked: unknown[] = [];
    const { server, result } = await conflicting(async (conflict) => {
      asked.push(conflict);
      return conflict.path === "/d/f.txt" ? { path: "/d/g" } : "error";
    }, atomic);
    expect(asked).toMatchObject([
      { path: "/d/f.txt", source: { size: NEW.length, modified: 1_600_000_000_000 }, target: { size: 3 } },
    ]);
    expect(result.path).toBe("/d/g");
    expect(server.text("/d/g")).toBe(NEW);
  });

  for (const conflict of ["error", "skip", "rename", "overwrite", "newer"] as const)
    test(`a file that appears meanwhile is a conflict too: ${conflict}, ${how}`, async () => {
      const { server, client } = serve();
      let looked = false;
      server.answer = (request) => {
        if (request.operation === "lstat") looked = true;
        const now = atomic ? "fstat write" : "open";
        if (looked && now.includes(request.operation) && !server.files.has("/d/f")) server.put("/d/f", OLD);
        return undefined;
      };
      const result = await outcome(client.upload(file(NEW, 4e12), "/d/f", { conflict, atomic }));
      const replaced = conflict === "overwrite" || conflict === "newer";
      expect(server.text("/d/f")).toBe(replaced ? NEW : OLD);
      if (conflict === "error") expect(result).toMatchObject({ code: "exists" });
      if (conflict === "skip") expect(result.skipped).toBe(true);
      if (conflict === "rename") expect(server.text("/d/f (2)")).toBe(NEW);
      await nothingLeft(server, conflict === "rename" ? ["f", "f (2)"] : ["f"]);
    });
}

test("a directory is never overwritten", async () => {
  const { server, client } = serve();
  server.folder("/d/f");
  await expect(client.upload(file(), "/d/f", { conflict: "overwrite" })).rejects.toMatchObject({
    code: "not-a-file",
  });
  expect(server.files.get("/d/f")?.kind).toBe("directory");
});

for (const path of ["", "/", "/d/", ".", "/d/..", "/d/."])
  test(`${JSON.stringify(path)} names no file`, async () => {
    const { server, client } = serve();
    await expect(client.upload(file(), path)).rejects.toMatchObject({ code: "not-a-file" });
    expect(server.count("open")).toBe(0);
  });

for (const atomic of [true, false, undefined])
  test(`overwriting a link replaces what it leads to, and the link stays, atomic ${atomic}`, async () => {
    const { server, client } = serve();
    server.folder("/e");
    server.put("/e/real", OLD);
    server.link("/d/link", "../e/real");
    const options = atomic === undefined ? {} : { atomic };
    const result = await client.upload(file(), "/d/link", { conflict: "overwrite", ...options });
    expect(result.path).toBe("/e/real");
    expect(server.text("/e/real")).toBe(NEW);
    expect(server.files.get("/d/link")?.kind).toBe("symlink");
    expect(server.names("/e")).toEqual(["real"]);
  });

test("what a server does not say where it leads to is not overwritten", async () => {
  const { server, client } = serve();
  server.put("/e/real", OLD);
  server.link("/d/link", "../e/real");
  server.link("/d/nowhere", "../e/gone");
  const { names: reply } = await import("../../support/server-codec.ts");
  server.answer = (request) =>
    request.operation === "realpath" ? reply(request.id, [{ name: request.path }]) : undefined;
  for (const path of ["/d/link", "/d/nowhere"])
    for (const atomic of [true, false])
      await expect(client.upload(file(), path, { conflict: "overwrite", atomic })).rejects.toMatchObject({
        code: "not-a-file",
      });
  expect(server.text("/e/real")).toBe(OLD);
  expect(names(server)).toEqual(["link", "nowhere"]);
  expect((await client.upload(file(), "/d/link", { conflict: "rename" })).path).toBe("/d/link (2)");
});

// Names.

test("the longest name is no reason for a partial file's to be longer", async () => {
  const { server, client } = serve();
  const name = `${"ä".repeat(125)}.txt`;
  const opened: string[] = [];
  server.answer = (request) => {
    if (request.operation === "open") opened.push(String(request.path));
    return undefined;
  };
  await client.upload(file(), `/d/${name}`);
  expect(opened.map((path) => Buffer.byteLength(path)).filter((length) => length > 255)).toEqual([]);
  expect(names(server)).toEqual([name]);
});

test.each([
  ["f", "f (2)"],
  ["f.tar.gz", "f.tar (2).gz"],
  [".profile", ".profile (2)"],
  ["f.", "f (2)."],
  ["a.b/f", "a.b/f (2)"],
])("the number is part of a name, and in front of its extension: %s", (path, expected) => {
  expect(numbered(path, 2)).toBe(expected);
  const raw = (text: string) => Uint8Array.of(0xff, ...new TextEncoder().encode(`/${text}`));
  expect(numbered(raw(path), 2)).toEqual(raw(expected));
});

test("a name that is not UTF-8 keeps its bytes", async () => {
  const { server, client } = serve();
  const path = Uint8Array.of(0x2f, 0x64, 0x2f, 0xff, 0xfe);
  const result = await client.upload(file(), path);
  expect(result.path).toEqual(path);
  expect(names(server)).toEqual(["\udcff\udcfe"]);
});

// Servers that lack something.

for (const gone of [
  ["posix-rename@openssh.com"],
  ["limits@openssh.com"],
  ["fsync@openssh.com"],
  Object.keys(OPENSSH_EXTENSIONS),
])
  test(`a server without ${gone.length > 1 ? "any extension" : gone} replaces a file all the same`, async () => {
    const { server, client } = serve({ extensions: without(...gone) });
    server.put("/d/f", OLD, { mode: 0o600 });
    await client.upload(file(), "/d/f", { conflict: "overwrite", fsync: true });
    expect(server.text("/d/f")).toBe(NEW);
    expect(server.files.get("/d/f")?.mode).toBe(0o600);
    await nothingLeft(server, ["f"]);
  });

test("a directory that takes no new name: the file itself is written, but not where that was forbidden", async () => {
  const refuse: FakeServerOptions["answer"] = (request) =>
    request.operation === "open" && String(request.path).endsWith(".part")
      ? status(request.id, Status.PERMISSION_DENIED)
      : undefined;
  const { server, client } = serve({ answer: refuse });
  server.put("/d/f", OLD);
  await expect(client.upload(file(), "/d/f", { conflict: "overwrite", atomic: true })).rejects.toMatchObject({
    code: "EACCES",
  });
  expect(server.text("/d/f")).toBe(OLD);
  await client.upload(file(), "/d/f", { conflict: "overwrite" });
  expect(server.text("/d/f")).toBe(NEW);
});

test("another's partial file of the same name is not touched", async () => {
  const { server, client } = serve();
  let first = "";
  server.answer = (request) => {
    if (request.operation === "open" && !first) {
      first = String(request.path);
      server.put(first, "another's");
    }
    return undefined;
  };
  await client.upload(file(), "/d/f");
  expect(server.text("/d/f")).toBe(NEW);
  expect(server.text(first)).toBe("another's");
});

test("mode, time and fsync are done before the file has its name, the time last", async () => {
  const { server, client } = serve();
  await client.upload(file(), "/d/f", { mode: 0o751, preserveMtime: true, fsync: true });
  expect(server.files.get("/d/f")).toMatchObject({ mode: 0o751, mtime: 1_600_000_000 });
  const done = server.requests.map(({ operation }) => operation);
  expect(done.slice(done.lastIndexOf("write"))).toEqual([
    "write",
    "fsetstat",
    "fsync@openssh.com",
    "close",
    "stat",
    "rename",
  ]);
});

// Failures.

for (const operation of [
  "lstat",
  "open",
  "write",
  "fsetstat",
  "fsync@openssh.com",
  "close",
  "stat",
  "posix-rename@openssh.com",
] as const)
  for (const atomic of [true, false])
    test(`a server that refuses ${operation} leaves no partial file and no handle, atomic ${atomic}`, async () => {
      const { server, client } = serve();
      server.put("/d/f", OLD);
      let refused = 0;
      server.answer = (request) => {
        if (request.operation !== operation || (operation === "write" && request.id % 4)) return undefined;
        if (operation === "close") server.connections[0]?.operations.answer(request);
        refused++;
        return status(request.id, Status.FAILURE, "refused");
      };
      const options = { conflict: "overwrite", atomic, mode: 0o600, fsync: true } as const;
      const error = await outcome(client.upload(file(), "/d/f", options));
      if (refused) expect(error).toBeInstanceOf(SftpError);
      if (refused && operation === "write") expect(error.path).toContain("/d/");
      if (atomic) expect(server.text("/d/f")).toBe(refused ? OLD : NEW);
      server.answer = undefined;
      await nothingLeft(server, ["f"]);
    });

test("a file that the server has shorter than it acknowledged never gets its name", async () => {
  const { server, client } = serve();
  server.answer = (request) => {
    if (request.operation === "close") {
      for (const [path, it] of server.files) if (path.endsWith(".part")) server.truncate(it, it.size - 1);
    }
    return undefined;
  };
  await expect(client.upload(file(), "/d/f")).rejects.toBeInstanceOf(VerifyError);
  await nothingLeft(server, []);
});

test("content that the server has changed is found by reading it back", async () => {
  const { server, client } = serve();
  server.answer = (request) => {
    if (request.operation === "close")
      for (const [path, it] of server.files) if (path.endsWith(".part")) it.data[5] = 0;
    return undefined;
  };
  await expect(client.upload(file(), "/d/f", { verify: "content" })).rejects.toMatchObject({ offset: 5 });
  await nothingLeft(server, []);
  const unchecked = await client.upload(file(), "/d/f", { verify: false });
  expect(unchecked.verified).toBe(false);
});

test("a source that cannot be read any more is named as the cause, and not tried again", async () => {
  const { server, client } = serve({ dropAfter: (connection) => (connection ? undefined : 6) });
  const source = file();
  let gone = false;
  const slice = source.slice.bind(source);
  source.slice = (start, end) => {
    const part = slice(start, end);
    if (gone) part.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotReadableError"));
    return part;
  };
  server.answer = () => {
    gone = true;
    return undefined;
  };
  await expect(client.upload(source, "/d/f", { retry: RETRY })).rejects.toMatchObject({
    code: "source",
    cause: { name: "NotReadableError" },
  });
  await nothingLeft(server, []);
});

test("a source that gives fewer bytes than it has is an error", async () => {
  const { server, client } = serve();
  const source = file();
  const slice = source.slice.bind(source);
  source.slice = (start = 0, end = 0) => slice(start, Math.min(end, 25));
  await expect(client.upload(source, "/d/f")).rejects.toMatchObject({ code: "source" });
  await nothingLeft(server, []);
});

test("a stream that fails rejects with its error, and is cancelled when the upload fails", async () => {
  const { server, client } = serve();
  const fault = new Error("the camera is gone");
  let pulled = 0;
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulled++ < 5) controller.enqueue(new Uint8Array(25));
      else controller.error(fault);
    },
  });
  await expect(client.upload(failing, "/d/f")).rejects.toBe(fault);
  await nothingLeft(server, []);

  server.put("/d/f", OLD);
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(25)),
    cancel: () => {
      cancelled = true;
    },
  });
  await expect(client.upload(endless, "/d/f")).rejects.toMatchObject({ code: "exists" });
  expect(cancelled).toBe(true);
  const words = new ReadableStream({ start: (controller) => controller.enqueue("text") });
  await expect(client.upload(words, "/d/g")).rejects.toBeInstanceOf(TypeError);
});

// Lost connections and cancellations.

const kinds: [name: string, options: UploadOptions, server?: FakeServerOptions][] = [
  ["a new file", {}],
  ["a file that is replaced", { conflict: "overwrite", mode: 0o600, fsync: true }],
  ["without posix-rename", { conflict: "overwrite" }, { extensions: without("posix-rename@openssh.com") }],
  ["a new name", { conflict: "rename" }],
  ["in place", { atomic: false, conflict: "overwrite" }],
  ["a new file in place", { atomic: false }],
];

for (const [name, options, how] of kinds) {
  const existing = options.conflict !== undefined;
  const target = options.conflict === "rename" ? "/d/f (2)" : "/d/f";
  const expected = options.conflict === "rename" ? ["f", "f (2)"] : ["f"];

  /** At each request: what has the final name is the old file or the whole new one. */
  const watch = (server: FakeServer) => {
    server.answer = () => {
      const there = server.files.has(target) ? server.text(target) : undefined;
      const whole = there === undefined || there === NEW || (target === "/d/f" && there === OLD);
      if (!whole && options.atomic !== false) throw new Error(`at the final name: ${there}`);
      if (options.atomic === false && there?.length === NEW.length) expect(there).toBe(NEW);
      return undefined;
    };
  };

  test(`${name}: whichever request a connection is lost at, it arrives whole`, async () => {
    for (let k = 2, whole = false; !whole; k++) {
      const { server, client } = serve({ ...how, dropAfter: (connection) => (connection ? undefined : k) });
      if (existing) server.put("/d/f", OLD);
      watch(server);
      const result = await client.upload(file(), "/d/f", { ...options, retry: RETRY });
      expect(server.text(target), `lost at ${k}`).toBe(NEW);
      expect(result.path).toBe(target);
      await nothingLeft(server, expected);
      whole = server.connections.length === 1;
      expect(k).toBeLessThan(100);
    }
  });

  test(`${name}: whichever response is lost, it arrives whole`, async () => {
    for (let k = 2, whole = false; !whole; k++) {
      const { server, client } = serve(how);
      if (existing) server.put("/d/f", OLD);
      watch(server);
      const { answer } = server;
      let asked = 0;
      server.answer = (request, connection) => {
        answer?.(request, connection);
        if (++asked !== k) return undefined;
        connection.operations.answer(request);
        connection.transport.cut();
        return [];
      };
      await client.upload(file(), "/d/f", { ...options, retry: RETRY });
      expect(server.text(target), `lost at ${k}`).toBe(NEW);
      await nothingLeft(server, expected);
      whole = asked < k;
    }
  });

  test(`${name}: lost at every few requests, it arrives whole`, async () => {
    for (const every of [9, 12, 15]) {
      const { server, client } = serve({ ...how, dropAfter: every });
      if (existing) server.put("/d/f", OLD);
      watch(server);
      // Where the server loses it too early each time, nothing can be done.
      const done = await client.upload(file(), "/d/f", { ...options, retry: RETRY }).then(
        () => true,
        () => false,
      );
      if (done) expect(server.text(target)).toBe(NEW);
      else if (existing && options.atomic !== false && !how) expect(server.text("/d/f")).toBe(OLD);
    }
  });

  test(`${name}: whenever it is cancelled, it ends at once, and the old file or the new one is there`, async () => {
    for (let k = 1, whole = false; !whole; k++) {
      const { server, client } = serve(how);
      if (existing) server.put("/d/f", OLD);
      watch(server);
      const { answer } = server;
      let asked = 0;
      const reason = new Error("enough");
      const transfer = client.upload(file(), "/d/f", options);
      server.answer = (request, connection) => {
        if (++asked === k) transfer.cancel(reason);
        return answer?.(request, connection);
      };
      const error = await transfer.then(
        () => undefined,
        (it) => it,
      );
      whole = asked < k;
      if (whole) expect(error).toBeUndefined();
      else if (error) {
        expect(error).toBe(reason);
        expect(transfer.progress.state).toBe("cancelled");
      }
      await until("the partial file to go", () => !names(server).some((it) => it.startsWith(".")));
      await until("the handles to be closed", () => !server.openHandles);
      if (existing && options.atomic !== false && options.conflict === "overwrite")
        expect([OLD, NEW]).toContain(server.text("/d/f"));
      if (options.conflict === "rename") expect(server.text("/d/f")).toBe(OLD);
    }
  });
}

test("a server that never answers does not hold up a cancellation", async () => {
  for (const operation of ["lstat", "open", "write", "fsetstat", "close", "stat", "rename"] as const) {
    const { server, client } = serve();
    let silent = false;
    server.answer = (request) => {
      silent ||= request.operation === operation;
      return silent ? [] : undefined;
    };
    const abort = new AbortController();
    const transfer = client.upload(file(), "/d/f", { mode: 0o600, signal: abort.signal });
    await until(`${operation} to be asked`, () => silent);
    abort.abort();
    await expect(transfer).rejects.toMatchObject({ name: "AbortError" });
    await client.close();
  }
});

for (const shuffle of ["replies", "requests"] as const)
  test(`a stream survives lost connections of a server that shuffles its ${shuffle}`, async () => {
    for (const k of [9, 14, 20, 31]) {
      const { server, client } = serve({ shuffle, dropAfter: (it) => (it < 4 ? k : undefined) });
      const text = NEW.repeat(8);
      await client.upload(pieces(text, 7), "/d/f", { retry: RETRY });
      expect(server.text("/d/f")).toBe(text);
    }
  });

test("a stream cannot go on when the server has lost what it acknowledged", async () => {
  const { server, client } = serve({ dropAfter: (connection) => (connection ? undefined : 12) });
  server.answer = (_request, { transport }) => {
    if (server.connections.length > 1 && transport)
      for (const [path, it] of server.files) if (path.endsWith(".part")) server.truncate(it, 0);
    return undefined;
  };
  await expect(client.upload(pieces(NEW.repeat(5), 7), "/d/f", { retry: RETRY })).rejects.toMatchObject({
    code: "source",
  });
});

test("it gives up after so many tries without progress, and waits longer each time", async () => {
  const { server, client } = serve({ dropAfter: 3 });
  const started = Date.now();
  await expect(client.upload(file(), "/d/f", { retry: { attempts: 4, delay: 20 } })).rejects.toMatchObject({
    name: "ConnectionError",
  });
  expect(server.connections.length).toBeLessThanOrEqual(6);
  expect(Date.now() - started).toBeGreaterThanOrEqual(25);
});

test("another's file that appears while the response to OPEN is lost is neither written nor removed", async () => {
  for (const attempts of [1, 20]) {
    const { server, client } = serve();
    server.answer = (request, { transport }) => {
      if (request.operation !== "open" || server.files.has("/d/f")) return undefined;
      server.put("/d/f", OLD);
      transport.cut();
      return [];
    };
    const options = { atomic: false, retry: { ...RETRY, attempts } };
    await expect(client.upload(file(), "/d/f", options)).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.text("/d/f")).toBe(OLD);
  }
});

test("a cancellation at any moment of the end leaves no handle", async () => {
  for (let delay = 0; delay < 30; delay++) {
    const { server, client } = serve();
    const transfer = client.upload(file("x"), "/d/f");
    for await (const { bytes } of transfer) if (bytes) break;
    for (let i = 0; i < delay; i++) await undefined;
    transfer.cancel();
    await transfer.then(undefined, () => {});
    await until(`the handle to be closed (${delay})`, () => !server.openHandles, 1000);
  }
});

test("a server where every name is taken is not asked for ever", async () => {
  const { server, client } = serve();
  server.put("/d/f", OLD);
  server.answer = (request) => {
    if (request.operation !== "lstat") return undefined;
    return attributes(request.id, { mode: 0o100644, size: 3 });
  };
  await expect(client.upload(file(), "/d/f", { conflict: "rename" })).rejects.toMatchObject({
    code: "exists",
  });
  expect(server.count("lstat")).toBeLessThan(10_010);
});

test("a mode that forbids writing survives a lost connection", async () => {
  for (const operation of ["fsync@openssh.com", "close", "stat", "rename"] as const) {
    const { server, client } = serve();
    let cut = false;
    server.answer = (request, { transport }) => {
      const there = request.operation === "open" && server.files.get(String(request.path));
      if (there && !(there.mode & 0o200)) return status(request.id, Status.PERMISSION_DENIED);
      if (cut || request.operation !== operation) return undefined;
      cut = true;
      transport.cut();
      return [];
    };
    await client.upload(file(), "/d/f", { mode: 0o444, fsync: true, retry: RETRY });
    expect(server.text("/d/f")).toBe(NEW);
    expect(server.files.get("/d/f")?.mode).toBe(0o444);
    await nothingLeft(server, ["f"]);
  }
});

test("a source that becomes shorter ends the upload at the first lost connection", async () => {
  const { server, client } = serve({ dropAfter: 12 });
  const source = file(NEW.repeat(4));
  const slice = source.slice.bind(source);
  source.slice = (start = 0, end = source.size) => {
    const part = slice(start, end);
    const last = start < 0 ? source.size : end;
    if (last > 100) part.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotReadableError"));
    return part;
  };
  await expect(client.upload(source, "/d/f", { retry: RETRY })).rejects.toMatchObject({ code: "source" });
  expect(server.connections.length).toBeLessThanOrEqual(2);
  await nothingLeft(server, []);
});

// Resumption after the page was loaded again.

/** A client that never comes back. */
const once = (server: FakeServer) =>
  reconnecting(async () => {
    if (server.connections.length) throw new ConnectionError("gone");
    return server.connect();
  }, small);

test("another upload of the same file goes on where the last one was broken off", async () => {
  const server = new FakeServer({ dropAfter: (connection) => (connection ? undefined : 20) });
  server.folder("/d");
  const checkpoint = new MemoryCheckpoints();
  const text = NEW.repeat(10);
  const first = once(server);
  await expect(
    first.upload(file(text), "/d/f", { checkpoint, retry: { attempts: 2 } }),
  ).rejects.toMatchObject({ name: "ConnectionError" });
  expect(names(server)).toHaveLength(1);
  const wrote = server.count("write");
  const second = reconnecting(async () => server.connect(), small);
  const result = await second.upload(file(text), "/d/f", { checkpoint });
  expect(result.resumed).toBeGreaterThan(0);
  expect(server.count("write") - wrote).toBe(Math.ceil((text.length - result.resumed) / 10));
  expect(server.text("/d/f")).toBe(text);
  expect(names(server)).toEqual(["f"]);
});

test("a partial file that is not what it was is begun again", async () => {
  const server = new FakeServer({ dropAfter: (connection) => (connection ? undefined : 20) });
  server.folder("/d");
  const checkpoint = new MemoryCheckpoints();
  const text = NEW.repeat(10);
  const first = once(server);
  await first.upload(file(text), "/d/f", { checkpoint, retry: { attempts: 2 } }).then(undefined, () => {});
  for (const [, it] of server.files) if (it.kind === "file") it.data.fill(0);
  const second = reconnecting(async () => server.connect(), small);
  expect((await second.upload(file(text), "/d/f", { checkpoint })).resumed).toBe(0);
  expect(server.text("/d/f")).toBe(text);
  expect(names(server)).toEqual(["f"]);
});

for (const acknowledged of [0, 20])
  test(`another's file where ${acknowledged} bytes of an upload in place were is a conflict`, async () => {
    const { server, client } = serve();
    server.put("/d/f", "another's file, and longer than what was written");
    const checkpoint: CheckpointStore = new MemoryCheckpoints();
    checkpoint.get = async () => ({ acknowledged, partialPath: "/d/f", time: Date.now() });
    const options = { checkpoint, atomic: false };
    await expect(client.upload(file(), "/d/f", options)).rejects.toMatchObject({ code: "exists" });
    expect(server.text("/d/f")).toBe("another's file, and longer than what was written");
  });

test("a connection that is lost before anything is opened keeps the record of the last upload", async () => {
  const { server, client } = serve();
  const partialPath = "/d/.f.1.part";
  server.put(partialPath, NEW.slice(0, 20));
  let record: unknown;
  const checkpoint: CheckpointStore = new MemoryCheckpoints();
  checkpoint.get = async () => ({ acknowledged: 20, partialPath, time: Date.now() });
  checkpoint.set = async (_key, it) => {
    record = it;
  };
  server.answer = (_request, { transport }) => {
    transport.cut();
    return [];
  };
  const retry = { attempts: 2, delay: 1 };
  await expect(client.upload(file(), "/d/f", { checkpoint, retry })).rejects.toThrow();
  expect(record).toBeUndefined();
  expect(server.text(partialPath)).toBe(NEW.slice(0, 20));
});

test("records hold no secret, and are gone when the file is there", async () => {
  const { client } = serve();
  const keys = new Set<string>();
  const memory = new MemoryCheckpoints();
  const left = new Set<string>();
  await client.upload(file(), "/d/f", {
    checkpoint: {
      get: (key) => memory.get(key),
      set: async (key, it) => {
        keys.add(key);
        left.add(key);
        await memory.set(key, it);
      },
      delete: async (key) => {
        left.delete(key);
      },
    },
  });
  await until("the record to go", () => left.size === 0);
  expect([...keys].join()).toContain("/d/f");
  expect([...keys].join()).not.toContain("secret");
});

for (const kind of ["fails", "hangs", "throws", "lies"])
  test(`a store that ${kind} costs nothing but the resumption`, async () => {
    const { server, client } = serve();
    const work: () => Promise<never> = {
      fails: () => Promise.reject(new Error("no store")),
      hangs: () => new Promise<never>(() => {}),
      throws: () => {
        throw new Error("no store");
      },
      lies: async () => ({ acknowledged: Number.NaN, partialPath: "/etc/passwd", time: 0 }) as never,
    }[kind] as never;
    await client.upload(file(), "/d/f", { checkpoint: { get: work, set: work, delete: work } });
    expect(server.text("/d/f")).toBe(NEW);
  });

test("without a record, a file that is the beginning is completed: what may have gaps is sent again", async () => {
  const server = new FakeServer();
  server.folder("/d");
  const client = reconnecting(
    async () => server.connect(),
    () => new FixedWindow(64, 32_768),
  );
  const size = (17 << 20) + 12_345;
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 4096) bytes.fill((at >> 12) * 7, at, at + 4096);
  const had = size - 1000;
  const partial = bytes.slice(0, had);
  partial.fill(0, had - 50_000, had - 1000);
  server.put("/d/f", partial);
  const result = await client.upload(new Blob([bytes]), "/d/f", { conflict: "resume" });
  expect(result.resumed).toBe(had - (16 << 20));
  expect(Buffer.compare(server.content("/d/f"), bytes)).toBe(0);

  const other = bytes.slice(0, had).fill(1, 0, 2 << 20);
  server.put("/d/f", other);
  const again = await client.upload(new Blob([bytes]), "/d/f", { conflict: "resume" });
  expect(again.resumed).toBe(0);
  expect(Buffer.compare(server.content("/d/f"), bytes)).toBe(0);
  expect(names(server)).toEqual(["f"]);
});
