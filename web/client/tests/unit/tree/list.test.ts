import { expect, test } from "vitest";
import { Status } from "../../../src/codec/numbers.ts";
import { connect } from "../../../src/index.ts";
import { FakeServer } from "../../support/fake-server.ts";
import { until } from "../../support/process.ts";
import * as reply from "../../support/server-codec.ts";
import { clientOf, collect } from "../../support/tree-client.ts";

const names = (pages: { name: string }[][]) => pages.flat().map(({ name }) => name);

function fill(server: FakeServer, count: number): string[] {
  const made = Array.from({ length: count }, (_, index) => `file ${index}`);
  for (const name of made) server.put(`/d/${name}`, "");
  return made;
}

const closed = (server: FakeServer) => until("handles to be closed", () => server.openHandles === 0);

test("a listing gives everything in the server's order, without . and .., and closes its handle", async () => {
  const { server, client } = await clientOf();
  const made = fill(server, 1234);
  expect(names(await collect(client.list("/d")))).toEqual(made);
  expect((await client.readdir("/d")).map(({ name }) => name)).toEqual(made);
  await closed(server);
});

test("an empty directory takes three READDIRs, and a large one many side by side", async () => {
  const { server, client } = await clientOf({ delay: 5 });
  server.folder("/empty");
  expect(await collect(client.list("/empty"))).toEqual([]);
  expect(server.count("readdir")).toBe(3);
  fill(server, 5000);
  const before = server.requests.length;
  let underWay = 0;
  let most = 0;
  server.answer = ({ operation }) => {
    if (operation === "readdir") setTimeout(() => underWay--, 9);
    if (operation === "readdir") most = Math.max(most, ++underWay);
    return undefined;
  };
  expect(names(await collect(client.list("/d"))).length).toBe(5000);
  expect(most).toBeGreaterThan(8);
  expect(server.requests.length - before).toBeLessThan(2 + 51 + 33);
});

test("replies that overtake each other lose nothing", async () => {
  for (const shuffle of ["replies", "requests"] as const) {
    const { server, client } = await clientOf({ shuffle });
    const made = fill(server, 3000);
    expect(names(await collect(client.list("/d"))).sort()).toEqual(made.sort());
    await closed(server);
  }
});

test("the first entries are given while the rest is under way", async () => {
  const { server, client } = await clientOf();
  fill(server, 1000);
  let asked = 0;
  server.answer = ({ operation }) => (operation === "readdir" && asked++ > 0 ? [] : undefined);
  const pages = client.list("/d")[Symbol.asyncIterator]();
  expect((await pages.next()).value?.length).toBe(98);
});

test("a consumer that waits stops the READDIRs", async () => {
  const { server, client } = await clientOf();
  fill(server, 50_000);
  const pages = client.list("/d")[Symbol.asyncIterator]();
  for (let page = 0; page < 10; page++) await pages.next();
  await client.realpath(".");
  const asked = server.count("readdir");
  expect(asked).toBeLessThan(10 + 33);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(server.count("readdir")).toBe(asked);
  await pages.return?.();
  await closed(server);
});

test("breaking out of it closes the handle", async () => {
  const { server, client } = await clientOf();
  fill(server, 5000);
  for await (const page of client.list("/d")) {
    expect(page.length).toBeGreaterThan(0);
    break;
  }
  await closed(server);
});

test("an abort ends it with its reason and closes the handle, whenever it comes", async () => {
  for (let pages = 0; pages < 6; pages++) {
    const { server, client } = await clientOf();
    fill(server, 5000);
    const abort = new AbortController();
    const reason = new Error("enough");
    const run = async () => {
      if (pages === 0) abort.abort(reason);
      let left = pages;
      for await (const _ of client.list("/d", { signal: abort.signal }))
        if (--left === 0) abort.abort(reason);
    };
    await expect(run()).rejects.toBe(reason);
    await closed(server);
  }
});

test("a server that gives a name twice to READDIRs in parallel is read again one by one", async () => {
  const { server, client } = await clientOf();
  const made = fill(server, 1000);
  // The second READDIR sees the position of the first, on the first handle: there they come in parallel.
  const positions = new Map<string, number>();
  let asked = 0;
  server.answer = (request) => {
    if (request.operation !== "readdir") return undefined;
    const at = asked++ === 1 ? 0 : (positions.get(request.handle) ?? 0);
    positions.set(request.handle, at + 100);
    const some = made
      .slice(at, at + 100)
      .map((name) => ({ name, longname: "", attributes: { mode: 0o100644 } }));
    return some.length ? reply.names(request.id, some) : reply.status(request.id, Status.EOF, "End of file");
  };
  expect(names(await collect(client.list("/d"))).sort()).toEqual(made.sort());
});

test("a server that refuses READDIRs in parallel is read again one by one, and nothing is given twice", async () => {
  const { server, client } = await clientOf();
  const made = fill(server, 1500);
  let asked = 0;
  server.answer = (request) => {
    if (request.operation !== "readdir") return undefined;
    return ++asked === 7 ? reply.status(request.id, Status.FAILURE, "one at a time") : undefined;
  };
  expect(names(await collect(client.list("/d")))).toEqual(made);
  expect(server.count("opendir")).toBe(2);
});

test("an error that stays ends it, after what came before", async () => {
  const { server, client } = await clientOf();
  fill(server, 1500);
  let asked = 0;
  server.answer = (request) => {
    if (request.operation === "opendir") asked = 0;
    if (request.operation !== "readdir") return undefined;
    return ++asked > 4 ? reply.status(request.id, Status.FAILURE, "bad sector") : undefined;
  };
  let given = 0;
  const run = async () => {
    for await (const page of client.list("/d")) given += page.length;
  };
  await expect(run()).rejects.toMatchObject({ operation: "readdir", serverMessage: "bad sector" });
  expect(given).toBe(398);
  await closed(server);
});

test("a missing directory is an error at once", async () => {
  const { server, client } = await clientOf();
  await expect(collect(client.list("/none"))).rejects.toMatchObject({ code: "ENOENT" });
  expect(server.count("opendir")).toBe(1);
});

test("a listing without an end is ended by the limit, whether its names repeat or not", async () => {
  for (const repeat of [true, false]) {
    const { server, client } = await clientOf();
    server.folder("/d");
    let count = 0;
    server.answer = (request) => {
      if (request.operation !== "readdir") return undefined;
      const entries = Array.from({ length: 100 }, () => ({ name: `${repeat ? 1 : count++}`, longname: "" }));
      return reply.names(
        request.id,
        entries.map((it) => ({ ...it, attributes: { mode: 0o100644 } })),
      );
    };
    await expect(client.readdir("/d", { limit: 20_000 })).rejects.toBeInstanceOf(RangeError);
    await closed(server);
  }
});

test("a lost connection ends it with a ConnectionError", async () => {
  const { server, client } = await clientOf();
  fill(server, 5000);
  const run = async () => {
    for await (const _ of client.list("/d")) server.cut();
  };
  await expect(run()).rejects.toMatchObject({ name: "ConnectionError" });
});

test("a listing that a lost connection interrupts goes on with the next, once", async () => {
  const server = new FakeServer({ dropAfter: (connection) => (connection ? undefined : 12) });
  const made = fill(server, 3000);
  const client = await connect("ws://memory", { transport: server.open });
  expect(names(await collect(client.list("/d")))).toEqual(made);
  expect(server.connections.length).toBe(2);
  await client.close();
});
