import { expect, test, vi } from "vitest";
import { download } from "../../../src/transfer/download.ts";
import { VerifyError } from "../../../src/transfer/verify.ts";
import { asked, content, expectSame, MemoryFile, served } from "../../support/downloads.ts";
import { until } from "../../support/process.ts";
import * as reply from "../../support/server-codec.ts";

const SIZE = 300_000;

test("without a sink it is a Blob", async () => {
  const { client, data } = served(3_000_000);
  const { blob } = await download(client, "/file", undefined);
  expectSame(new Uint8Array(await (blob as Blob).arrayBuffer()), data);
});

test("a Blob over the maximum is refused before anything is read", async () => {
  const { server, client } = served(SIZE);
  const transfer = download(client, "/file", undefined, { maximum: SIZE - 1 });
  await expect(transfer).rejects.toThrow(RangeError);
  expect(server.count("read")).toBe(0);
  const { blob } = await download(client, "/file", undefined, { maximum: 10, start: 20, end: 30 });
  expect(blob?.size).toBe(10);
});

test("a Blob of unknown size ends at the maximum", async () => {
  const { server, client } = served(SIZE);
  server.answer = (request) => (request.operation === "fstat" ? reply.attributes(request.id, {}) : undefined);
  await expect(download(client, "/file", undefined, { maximum: SIZE - 1 })).rejects.toThrow(RangeError);
  const { blob } = await download(client, "/file", undefined, { maximum: SIZE });
  expect(blob?.size).toBe(SIZE);
});

test("a WritableStream gets everything, is closed, and aborted with the reason", async () => {
  const { client, data } = served(SIZE);
  const through = new TransformStream<Uint8Array, Uint8Array>();
  const [received] = await Promise.all([
    new Response(through.readable).arrayBuffer(),
    download(client, "/file", through.writable),
  ]);
  expectSame(new Uint8Array(received), data);

  let aborted: unknown;
  const stuck = new WritableStream<Uint8Array>({
    write: (_, controller) =>
      new Promise((resolve) => controller.signal.addEventListener("abort", () => resolve())),
    abort(reason) {
      aborted = reason;
    },
  });
  const transfer = download(client, "/file", stuck);
  await until("it to run", () => transfer.progress.total);
  transfer.cancel("enough");
  await expect(transfer).rejects.toBe("enough");
  await until("the stream to be aborted", () => aborted === "enough");
});

test("a WritableStream that somebody else writes to is refused", async () => {
  const { client } = served(SIZE);
  const stream = new WritableStream<Uint8Array>();
  stream.getWriter();
  await expect(download(client, "/file", stream)).rejects.toThrow(TypeError);
});

test("a file of the browser is overwritten", async () => {
  const { client, data } = served(SIZE);
  const file = new MemoryFile(content(SIZE * 2).fill(1));
  expect(await download(client, "/file", file)).toMatchObject({ bytes: SIZE, resumed: 0 });
  expectSame(file.content, data);
  expect(file.open).toBe(0);
});

test("a file of the browser stays what it was when the download is cancelled", async () => {
  const { client } = served(8_000_000);
  const file = new MemoryFile(content(10));
  const transfer = download(client, "/file", file);
  await until("some of it to be there", () => transfer.progress.bytes > 0);
  transfer.cancel("enough");
  await expect(transfer).rejects.toBe("enough");
  expect([file.content, file.open]).toEqual([content(10), 0]);
});

test("from `start` on, a file of the browser is gone on with", async () => {
  const { server, client, data } = served(SIZE);
  const file = new MemoryFile(data.slice(0, 200_000));
  const transfer = download(client, "/file", file, { start: 100_000 });
  expect(await transfer).toMatchObject({ bytes: SIZE, resumed: 100_000 });
  expect(transfer.progress).toMatchObject({ bytes: SIZE, total: SIZE, resumed: 100_000 });
  expectSame(file.content, data);
  expect(asked(server)).toBe(200_000);
  const short = new MemoryFile(data.slice(0, 10));
  await expect(download(client, "/file", short, { start: 100_000 })).rejects.toThrow(RangeError);
});

test.each([0, 1, 65_535, 65_536, 65_537, 200_000, SIZE])("%d bytes are gone on with", async (there) => {
  const { server, client, data } = served(SIZE);
  const file = new MemoryFile(data.slice(0, there));
  const result = await download(client, "/file", file, { conflict: "resume" });
  expect(result).toMatchObject({ bytes: SIZE, resumed: there });
  expectSame(file.content, data);
  expect(asked(server)).toBeLessThanOrEqual(SIZE - there + 65_536 + 32_768);
});

test("a file of the browser that is another is left alone", async () => {
  const { client, data } = served(SIZE);
  const other = data.slice(0, 200_000);
  other[199_990] = (other[199_990] ?? 0) ^ 1;
  const file = new MemoryFile(other);
  const transfer = download(client, "/file", file, { conflict: "resume" });
  await expect(transfer).rejects.toMatchObject({ name: "VerifyError", path: "/file", offset: 199_990 });
  expect(file.content).toBe(other);
  const longer = new MemoryFile(content(SIZE + 1));
  await expect(download(client, "/file", longer, { conflict: "resume" })).rejects.toThrow(VerifyError);
});

test("what has arrived is kept for the next time when it is to be resumed", async () => {
  const { server, client, data } = served(8_000_000);
  const file = new MemoryFile();
  const transfer = download(client, "/file", file, { conflict: "resume" });
  await until("some of it to be there", () => transfer.progress.bytes > 1_000_000);
  transfer.cancel("later");
  await expect(transfer).rejects.toBe("later");
  expect(file.content.length).toBeGreaterThan(1_000_000);
  const { resumed } = await download(client, "/file", file, { conflict: "resume" });
  expect(resumed).toBeGreaterThan(1_000_000);
  expectSame(file.content, data);
  await until("the files to be closed", () => server.openHandles === 0);
});

test.each(["overwrite", "resume"] as const)(
  "a file of the browser that is opened after the download was cancelled is let go (%s)",
  async (conflict) => {
    const { client, data } = served(SIZE);
    const there = data.slice(0, 100);
    const file = new MemoryFile(there);
    let go = () => {};
    const slow = {
      getFile: () => file.getFile(),
      async createWritable(options: { keepExistingData: boolean }) {
        await new Promise<void>((resolve) => (go = resolve));
        return file.createWritable(options);
      },
    };
    const waits = go;
    const transfer = download(client, "/file", slow, { conflict });
    await until("it to wait for the file", () => go !== waits);
    transfer.cancel("enough");
    await expect(transfer).rejects.toBe("enough");
    const opened = vi.spyOn(file, "createWritable");
    go();
    await until("the file to be opened", () => opened.mock.calls.length);
    await until("it to be let go", () => file.open === 0);
    expect(file.content).toEqual(there);
  },
);

test("a sink of the caller's is called as itself, and needs no close and no abort", async () => {
  const { client } = served(SIZE);
  class Counting {
    bytes = 0;
    write(chunk: Uint8Array) {
      this.bytes += chunk.length;
    }
    /** Its own affair. */
    begin(): never {
      throw new Error("nobody's business");
    }
    blob = "not a result";
  }
  const sink = new Counting();
  expect((await download(client, "/file", sink)).blob).toBe(undefined);
  expect(sink.bytes).toBe(SIZE);
  await expect(download(client, "/missing", sink)).rejects.toMatchObject({ code: "ENOENT" });
});
