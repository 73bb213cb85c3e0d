/** The order of rows, the selection of ranges, and what a long list makes of scrolling. */

import fc from "fast-check";
import type { Entry } from "sftpbridge-client";
import { expect, test } from "vitest";
import { keyOf, Listing } from "../../src/files/listing.ts";
import { owner, permissions } from "../../src/files/mode.ts";
import { NameOrder } from "../../src/files/order.ts";
import { Scale, TALLEST } from "../../src/files/scale.ts";
import { Selection } from "../../src/files/selection.ts";
import { type Sort, Sorter } from "../../src/files/sorter.ts";
import { visibleName } from "../../src/text/name.ts";

const entry = (name: string, more: Partial<Entry> = {}): Entry => ({
  name,
  longname: "",
  type: "file",
  attributes: {},
  ...more,
});

const inOrder = (names: readonly string[], locale = "en") => {
  const order = new NameOrder(locale);
  return names.toSorted((a, b) => (order.key(a) < order.key(b) ? -1 : 1));
};

test("numbers are in the order of their values, letters in that of the language", () => {
  const names = ["", "_", "2", "007", "10", "a1", "a02", "a2b", "a10", "B", "ä", "Äb", "c", "ß", "z", "я"];
  expect(inOrder(names.toReversed(), "de")).toEqual(
    names.toSorted(new Intl.Collator("de", { numeric: true, sensitivity: "base" }).compare),
  );
  expect(inOrder(["ö", "z"], "sv")).toEqual(["z", "ö"]);
  expect(inOrder(["z", "ö"], "de")).toEqual(["ö", "z"]);
});

test("plain names are ordered as Intl.Collator does it", () => {
  const { compare } = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const order = new NameOrder("en");
  const names = fc.stringMatching(/^[A-Za-z0-9 ._()-]{0,30}$/);
  fc.assert(
    fc.property(names, names, (a, b) => {
      const [left, right] = [order.key(a), order.key(b)];
      expect(left < right ? -1 : Number(left > right)).toBe(compare(a, b));
    }),
  );
});

test("a name of any length has a key of some length", () => {
  const order = new NameOrder("en");
  const names = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("9", "a", "1b", "\u0301", "\ud800"));
  fc.assert(
    fc.property(names, fc.nat(2000), (name, times) => {
      expect(order.key(name.repeat(times)).length).toBeLessThanOrEqual(512);
    }),
  );
});

const entries = fc.array(
  fc
    .record({ name: fc.string(), size: fc.nat(5), type: fc.constantFrom("file", "directory") })
    .map(({ name, size, type }) => entry(name, { type: type as Entry["type"], attributes: { size } })),
);
const sorts: fc.Arbitrary<Sort> = fc.record({
  by: fc.constantFrom("name", "size"),
  descending: fc.boolean(),
});

test("what comes page by page is in the same order as what comes at once, folders first", () => {
  fc.assert(
    fc.property(fc.array(entries), sorts, (pages, sort) => {
      const paged = new Sorter();
      let all: Entry[] = [];
      for (const page of pages) {
        all = [...all, ...page];
        paged.sorted(all, sort, "en");
      }
      const names = (sorter: Sorter) =>
        sorter
          .sorted(all, sort, "en")
          .map(({ entry: { name, type, attributes } }) => [type, name, attributes.size]);
      expect(names(paged)).toEqual(names(new Sorter()));
      const types = names(paged).map(([type]) => type);
      expect(types).toEqual(types.toSorted());
    }),
  );
});

test("where some are gone and others are there, the rest stays in order", () => {
  fc.assert(
    fc.property(entries, entries, fc.func(fc.boolean()), sorts, (before, more, isLeft, sort) => {
      const sorter = new Sorter();
      sorter.sorted(before, sort, "en");
      const now = [...before.filter((it) => isLeft(it.name)), ...more];
      const order = (it: Sorter) =>
        it.sorted(now, sort, "en").map(({ entry: { name, type } }) => [type, name]);
      expect(order(sorter)).toEqual(order(new Sorter()));
    }),
  );
});

test("another directory, another sort and another language begin anew", () => {
  const sorter = new Sorter();
  const [up, down]: Sort[] = [
    { by: "name", descending: false },
    { by: "name", descending: true },
  ] as const;
  const names = (list: readonly Entry[], sort: Sort | undefined, locale: string) =>
    sort && sorter.sorted(list, sort, locale).map(({ entry }) => entry.name);
  const list = [entry("z"), entry("ö"), entry("a")];
  expect(names(list, up, "de")).toEqual(["a", "ö", "z"]);
  expect(names(list, down, "de")).toEqual(["z", "ö", "a"]);
  expect(names(list, down, "sv")).toEqual(["ö", "z", "a"]);
  expect(names([entry("b"), entry("a")], up, "sv")).toEqual(["a", "b"]);
});

const order = (keys: readonly string[]) => ({
  length: keys.length,
  keyAt: (index: number) => keys[index],
  indexOf: (key: string | undefined) => keys.indexOf(key ?? ""),
});

test("ranges begin where the last single one was", () => {
  const rows = order([..."abcdef"]);
  const selection = new Selection();
  const keys = () => [...selection.keys.value].sort().join("");
  selection.extend("b", rows);
  expect(keys()).toBe("b");
  selection.extend("d", rows);
  expect(keys()).toBe("bcd");
  selection.extend("a", rows);
  expect(keys()).toBe("ab");
  selection.toggle("f");
  expect(keys()).toBe("abf");
  selection.extend("e", rows, true);
  expect(keys()).toBe("abef");
  selection.toggle("a");
  expect(keys()).toBe("bef");
  selection.keep(new Set("bz"));
  expect(keys()).toBe("b");
  selection.all(rows);
  expect(keys()).toBe("abcdef");
  selection.none();
  expect([keys(), selection.cursor.value]).toEqual(["", "a"]);
  // From the cursor, where nothing was selected.
  selection.move("c");
  selection.extend("d", rows);
  expect(keys()).toBe("cd");
});

test("a list that is taller than browsers can is seen from its first row to its last", () => {
  const extent = { whole: 36 * 1_000_000, view: 800 };
  const scale = new Scale();
  expect(Scale.height(extent)).toBe(TALLEST);
  expect(scale.scrolled(TALLEST - 800, extent)).toBeCloseTo(extent.whole - 800);
  expect(scale.scrolled(0, extent)).toBe(0);
  fc.assert(
    fc.property(fc.nat(extent.whole - 2500), fc.integer({ min: -50, max: 50 }), (place, step) => {
      const top = scale.reach(place + 800, extent);
      // The wheel moves the list by what it moves the element by.
      expect(scale.scrolled(top + step, extent)).toBeCloseTo(place + 800 + step, 3);
      expect(top + scale.offset + step).toBeCloseTo(place + 800 + step, 3);
      expect(top).toBeLessThanOrEqual(TALLEST - 800);
    }),
  );
});

test("permissions and owners as ls has them", () => {
  expect(permissions(0o100750)).toBe("rwxr-x---");
  expect(permissions(0o106755)).toBe("rwsr-sr-x");
  expect(permissions(0o41666)).toBe("rw-rw-rwT");
  const longname = "drwxr-xr-x    2 me       staff        4096 Nov 22 10:00 a b c";
  expect(owner(entry("", { longname }))).toBe("me:staff");
  expect(owner(entry("", { longname: "me staff", attributes: { uid: 1, gid: 2 } }))).toBe("1:2");
});

test("names that differ look different", () => {
  const raw = (...bytes: number[]) => ({ name: "caf\ufffd", rawName: Uint8Array.from([0x63, ...bytes]) });
  expect(visibleName(raw(0xe9))).toBe("c⟨E9⟩");
  expect(visibleName(raw(0xe8, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80))).toBe("c⟨E8⟩é😀");
  expect(visibleName(raw(0xe2, 0x80, 0xae, 0xff))).toBe("c⟨U+202E⟩⟨FF⟩");
  expect(visibleName({ name: " a  b " })).toBe("␣a  b␣");
});

test("what is no name is not listed, and no name is taken for another that is not UTF-8", async () => {
  const names = ["a", "", ".", "..", "../a", "a/b", "/", "a\0b", "...", " ", "C:\\"];
  const listing = new Listing({
    list: () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(names.map((name) => entry(name)));
          controller.close();
        },
      }) as never,
  });
  await listing.open("/");
  expect(listing.entries.value.map(({ name }) => name)).toEqual(["a", "...", " ", "C:\\"]);
  const raw = entry("\ufffd", { rawName: Uint8Array.of(0x80) });
  for (const name of ["\ufffd", "128", "\x0a8", "\ud800128"]) expect(keyOf(entry(name))).not.toBe(keyOf(raw));
});
