/** Names, changes and batches of the actions. */

import "../support/no-page.ts";
import { spawnSync } from "node:child_process";
import { ConnectionError, SftpError, TreeError } from "sftpbridge-client";
import { expect, test } from "vitest";
import { forEach } from "../../src/actions/batch.ts";
import { choices } from "../../src/actions/clashes.ts";
import { faultOf, numbered, stemLength, unusedName } from "../../src/actions/names.ts";
import { isSamePath, isWithin, pasteable } from "../../src/actions/paths.ts";
import {
  applied,
  attributesFor,
  bitOf,
  changeInside,
  exactly,
  fromLocal,
  NO_EDITS,
  NO_MODE,
  octalOf,
  parseOctal,
  toLocal,
  withBit,
} from "../../src/actions/properties/changes.ts";

test("what is no name is refused, and what is odd is not", () => {
  expect(["", "  ", ".", "..", "a/b", "a\0b"].map(faultOf)).toEqual([
    "empty",
    "empty",
    "dots",
    "dots",
    "slash",
    "nul",
  ]);
  for (const name of ["...", " a", "\n", "<img>", "-rf", "\u202egpj"].filter((it) => it.trim()))
    expect(faultOf(name)).toBe(undefined);
});

test("the stem of a name is without its extension", () => {
  const stem = (name: string, isFolder = false) => name.slice(0, stemLength(name, isFolder));
  expect(["a.txt", "a.tar.gz", ".profile", "a"].map((name) => stem(name))).toEqual([
    "a",
    "a.tar",
    ".profile",
    "a",
  ]);
  expect(stem("v1.2", true)).toBe("v1.2");
});

test("numbered names keep their extension, their bytes, and 255 bytes", () => {
  expect(numbered({ name: "a.txt" }, 2, false)).toEqual({ name: "a (2).txt" });
  expect(numbered({ name: "v1.2" }, 2, true)).toEqual({ name: "v1.2 (2)" });
  const rawName = Uint8Array.of(0x61, 0xff, 0x2e, 0x62);
  const raw = numbered({ name: "a\ufffd.b", rawName }, 3, false);
  expect([...(raw.rawName ?? [])]).toEqual([0x61, 0xff, 0x20, 0x28, 0x33, 0x29, 0x2e, 0x62]);
  expect(raw.name).toBe("a\ufffd (3).b");
  const long = numbered({ name: `${"ü".repeat(125)}.txt` }, 2, false).name;
  expect(long.endsWith("ü (2).txt")).toBe(true);
  expect(new TextEncoder().encode(long).length).toBeLessThanOrEqual(255);
  expect(unusedName("New", new Set(["New", "New (2)"]), true)).toBe("New (3)");
});

test("paths are compared by their bytes, and as a whole", () => {
  expect(isSamePath("/a/ü", new TextEncoder().encode("/a/ü/"))).toBe(true);
  expect(isWithin("/a/b", "/a")).toBe(true);
  expect(isWithin("/a", "/a")).toBe(true);
  expect(isWithin("/ab", "/a")).toBe(false);
  expect(isWithin("/a", "/")).toBe(true);
});

test("nothing on the clipboard is a line break or a byte that is none, and shells read it back", () => {
  const paths = ["/a b/ü", "/a\nrm -rf ~\n", "/it's \u202etxt", Uint8Array.of(0x2f, 0x61, 0xff, 0x31)];
  expect(paths.map(pasteable)).toEqual([
    "/a b/ü",
    "$'/a\\012rm -rf ~\\012'",
    "$'/it\\'s \\342\\200\\256txt'",
    "$'/a\\3771'",
  ]);
  const bytes = (path: string | Uint8Array) => Buffer.from(path).toString("hex");
  for (const path of paths.slice(1)) {
    const { stdout } = spawnSync("bash", ["-c", `printf %s ${pasteable(path)}`]);
    expect(bytes(stdout)).toBe(bytes(path));
  }
});

test("folders are merged and never replaced", () => {
  const [folder, file] = [{ mode: 0o040755 }, { mode: 0o100644 }];
  expect(choices({ source: file, target: file })).toEqual(["overwrite", "rename", "skip"]);
  expect(choices({ source: folder, target: folder })).toEqual(["merge", "rename", "skip"]);
  expect(choices({ source: file, target: folder })).toEqual(["rename", "skip"]);
  expect(choices({ source: folder, target: file })).toEqual(["rename", "skip"]);
});

test("permissions of several change only where a box was touched", () => {
  const modes = [0o100644, 0o100600];
  expect(bitOf(modes, NO_MODE, 0o400)).toBe(true);
  expect(bitOf(modes, NO_MODE, 0o040)).toBe(undefined);
  expect(octalOf(modes, NO_MODE)).toBe("");
  const change = withBit(withBit(NO_MODE, 0o040, true), 0o200, false);
  expect(modes.map((mode) => applied(mode, change).toString(8))).toEqual(["444", "440"]);
  expect(withBit(change, 0o040, false)).toEqual({ set: 0, clear: 0o240 });
  expect(octalOf(modes, exactly(0o4755))).toBe("4755");
  expect(["644", "7777", "8", "", "77777"].map(parseOctal)).toEqual([
    0o644,
    0o7777,
    undefined,
    undefined,
    undefined,
  ]);
});

test("inside folders files get execute only where they have it, as by X of chmod", () => {
  const change = exactly(0o755);
  expect(applied(0o644, changeInside(0o644, false, change))).toBe(0o644);
  expect(applied(0o700, changeInside(0o700, false, change))).toBe(0o755);
  expect(applied(0o700, changeInside(0o700, true, change))).toBe(0o755);
});

test("only what changes is sent, pairs as pairs", () => {
  const now = { mode: 0o100644, uid: 1, gid: 2, atime: 3, mtime: 4, size: 5 };
  expect(attributesFor(now, NO_EDITS)).toBe(undefined);
  expect(attributesFor(now, { mode: exactly(0o644), uid: 1, mtime: 4 })).toBe(undefined);
  expect(attributesFor(now, { mode: exactly(0o600) })).toEqual({ mode: 0o600 });
  expect(attributesFor(now, { mode: NO_MODE, gid: 9 })).toEqual({ uid: 1, gid: 9 });
  expect(attributesFor(now, { mode: NO_MODE, mtime: 8 })).toEqual({ mtime: 8, atime: 3 });
});

test("local times lead back to seconds, and what version 3 cannot say is none", () => {
  expect(fromLocal(toLocal(1_234_567_890))).toBe(1_234_567_890);
  expect(fromLocal("")).toBe(undefined);
  expect(fromLocal("2200-01-01T00:00:00")).toBe(undefined);
});

test("of many things those that fail are told, and the rest is done; a lost connection ends it", async () => {
  const { signal } = new AbortController();
  const done: number[] = [];
  const refused = new SftpError(3, "remove", "/1", "no");
  const failures = await forEach([0, 1, 2, 3], { width: 2, signal }, String, async (item) => {
    if (item === 1) throw refused;
    if (item === 2) throw new TreeError(1, [{ path: "/2/inner", error: refused }]);
    done.push(item);
  });
  expect(done).toEqual([0, 3]);
  expect(failures).toEqual([
    { path: "1", error: refused },
    { path: "/2/inner", error: refused },
  ]);

  const tried: number[] = [];
  const lost = forEach([0, 1, 2], { width: 1, signal }, String, async (item) => {
    tried.push(item);
    throw new ConnectionError("lost");
  });
  await expect(lost).rejects.toThrow("lost");
  expect(tried).toEqual([0]);
});

test("an abort ends it before the next thing", async () => {
  const stop = new AbortController();
  const tried: number[] = [];
  const all = forEach([0, 1, 2], { width: 1, signal: stop.signal }, String, async (item) => {
    tried.push(item);
    stop.abort(new Error("enough"));
  });
  await expect(all).rejects.toThrow("enough");
  expect(tried).toEqual([0]);
});
