import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CheckpointStore } from "../../../src/transfer/checkpoint.ts";
import { MemoryCheckpoints } from "../../../src/transfer/checkpoint.ts";
import { IndexedDbCheckpoints } from "../../../src/transfer/checkpoint-indexeddb.ts";

const DAY = 24 * 3_600_000;
const checkpoint = (acknowledged: number, time = Date.now()) => ({ acknowledged, partialPath: "/p", time });
const browser = globalThis as { indexedDB?: unknown; IDBKeyRange?: unknown };

beforeEach(() => {
  browser.indexedDB = new IDBFactory();
  browser.IDBKeyRange = IDBKeyRange;
});

afterEach(() => {
  delete browser.indexedDB;
  delete browser.IDBKeyRange;
});

const stores: [string, () => CheckpointStore][] = [
  ["memory", () => new MemoryCheckpoints()],
  ["IndexedDB", () => new IndexedDbCheckpoints()],
];

for (const [name, make] of stores)
  test(`${name} gives what was set last, and nothing after it was deleted`, async () => {
    const store = make();
    expect(await store.get("a")).toBeUndefined();
    await store.set("a", checkpoint(1));
    await store.set("a", checkpoint(2));
    await store.set("b", { ...checkpoint(3), partialPath: Uint8Array.of(0x2f, 0xff) });
    expect((await store.get("a"))?.acknowledged).toBe(2);
    expect((await store.get("b"))?.partialPath).toEqual(Uint8Array.of(0x2f, 0xff));
    await store.delete("a");
    expect(await store.get("a")).toBeUndefined();
    await store.delete("a");
  });

test("what another page wrote is there", async () => {
  const first = new IndexedDbCheckpoints();
  await first.set("a", checkpoint(7));
  expect((await new IndexedDbCheckpoints().get("a"))?.acknowledged).toBe(7);
});

test("a record older than seven days is not given, and is gone when one is looked for", async () => {
  const first = new IndexedDbCheckpoints();
  await first.set("old", checkpoint(1, Date.now() - 8 * DAY));
  await first.set("young", checkpoint(2, Date.now() - 6 * DAY));
  expect(await first.get("old")).toBeUndefined();
  await new IndexedDbCheckpoints().get("young");
  const all = new IndexedDbCheckpoints({ maximumAge: 1000 * DAY });
  expect(await all.get("old")).toBeUndefined();
  expect((await all.get("young"))?.acknowledged).toBe(2);
});

test("it does not stand in the way of whoever removes the database", async () => {
  const store = new IndexedDbCheckpoints();
  await store.set("a", checkpoint(1));
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase("sftpbridge-client");
    request.onsuccess = () => resolve();
    request.onblocked = request.onerror = () => reject(new Error("blocked"));
  });
  expect(await store.get("a")).toBeUndefined();
});

test("where there is no IndexedDB, each use rejects, and a later one may succeed", async () => {
  const store = new IndexedDbCheckpoints();
  delete browser.indexedDB;
  await expect(store.get("a")).rejects.toThrow();
  browser.indexedDB = new IDBFactory();
  expect(await store.get("a")).toBeUndefined();
});
