import { expect, test } from "vitest";
import { connect } from "../../../src/core.ts";
import { FakeServer } from "../../support/fake-server.ts";
import { until } from "../../support/process.ts";

test("the whole client works on the server in memory, shuffled and late too", async () => {
  for (const options of [{}, { shuffle: "requests", delay: 3 }, { shuffle: "replies" }] as const) {
    const server = new FakeServer(options);
    server.put("/home/user/a", "hello");
    server.link("/home/link", "user");
    for (let count = 0; count < 250; count++) server.put(`/many/${count}`, "");
    const client = await connect("ws://fake/", { transport: server.open });
    const file = await client.open("/home/link/b", { write: true, create: true });
    await Promise.all([file.write(5, new Blob(["world"])), file.write(0, new Uint8Array(5).fill(65))]);
    await file.close();
    expect(server.text("/home/user/b")).toBe("AAAAAworld");
    expect(await client.realpath("/home/link/../x")).toBe("/home/x");
    await client.rename("/home/user", "/home/other");
    expect((await client.readdir("/home/other")).map(({ name }) => name).sort()).toEqual(["a", "b"]);
    expect(await client.readdir("/many")).toHaveLength(250);
    await expect(client.stat("/home/user/a")).rejects.toMatchObject({ code: "ENOENT" });
    const gone = await client.open("/home/other/a");
    server.cut();
    await expect(gone.read(0, 1)).rejects.toMatchObject({ name: "ConnectionError", closeCode: 1006 });
    await until("the handles to be closed", () => server.openHandles === 0);
  }
});

test("a name that is not UTF-8 keeps its bytes in the server's memory", async () => {
  const server = new FakeServer();
  const client = await connect("ws://fake/", { transport: server.open });
  const path = new Uint8Array([47, 0xc3, 0xbc, 47, 0xff, 65]);
  server.folder("/ü");
  await (await client.open(path, { write: true, create: true })).close();
  const [entry] = await client.readdir("/ü");
  expect(entry?.rawName).toEqual(new Uint8Array([0xff, 65]));
  expect((await client.stat(path)).size).toBe(0);
});
