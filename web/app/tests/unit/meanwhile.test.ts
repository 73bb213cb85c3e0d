/** Somebody else is at the server, too: what is there may be another thing by now, and answers may not come. */

import "../support/no-page.ts";

import { signal } from "@preact/signals";
import type { Attributes, Entry } from "sftpbridge-client";
import { expect, test } from "vitest";
import { Job } from "../../src/actions/jobs.ts";
import { isSameThing } from "../../src/actions/look.ts";
import { undo } from "../../src/actions/move.ts";
import { NO_EDITS } from "../../src/actions/properties/changes.ts";
import { save } from "../../src/actions/properties/save.ts";
import { subjectsOf } from "../../src/actions/properties/subject.ts";
import type { Workspace } from "../../src/app/workspace.ts";
import { Listing } from "../../src/files/listing.ts";
import { owner } from "../../src/files/mode.ts";
import { EditedText } from "../../src/preview/document.ts";
import { explain } from "../../src/text/explain.ts";

const FILE = { mode: 0o100644, uid: 1, gid: 1, size: 3, mtime: 1000 };
const LINK = { mode: 0o120777, uid: 1, gid: 1, size: 5, mtime: 1000 };

/** A workspace of this client alone. */
const workspaceOf = (client: object) =>
  ({
    client,
    path: "/elsewhere",
    selected: signal([{ name: "a" }]),
    actions: { jobs: { run: (_: string, task: (job: Job) => unknown) => task(new Job("")) } },
  }) as unknown as Workspace;

test("a file that was changed or replaced is not the same, a folder that got something is", () => {
  const folder = { ...FILE, mode: 0o040755 };
  expect(isSameThing(FILE, { ...FILE })).toBe(true);
  expect(isSameThing(FILE, { ...FILE, size: 4 })).toBe(false);
  expect(isSameThing(FILE, { ...FILE, mtime: 1001 })).toBe(false);
  expect(isSameThing(folder, { ...folder, size: 9, mtime: 2000 })).toBe(true);
  expect(isSameThing(FILE, folder)).toBe(false);
});

test("what is asked for properties has a deadline, and says so", async () => {
  const lstat = (_: string, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  const failed = await subjectsOf(workspaceOf({ lstat }), 20).catch((error: unknown) => error);
  expect(explain(failed)).toBe("The server did not answer in time.");
});

test("a link that was replaced meanwhile stays as it is", async () => {
  const attempt = async (now: Attributes, target: string) => {
    const done: string[] = [];
    const client = {
      lstat: async () => now,
      readlink: async () => target,
      symlink: async () => done.push("symlink"),
      rename: async () => done.push("rename"),
      unlink: async () => done.push("unlink"),
    };
    const subject = { path: "/d/a", directory: "/d", named: { name: "a" }, type: "symlink" } as const;
    const subjects = [{ ...subject, attributes: LINK, target: "there" }];
    const saving = { edits: NO_EDITS, target: "elsewhere", isRecursive: false };
    const failures = await save(workspaceOf(client), new Job(""), subjects, saving);
    return [done, failures.map(({ error }) => explain(error))];
  };
  const told = "Something else has that name by now, so it was left as it is.";
  expect(await attempt(LINK, "there")).toEqual([["symlink", "rename"], []]);
  expect(await attempt(LINK, "a third place")).toEqual([["symlink", "unlink"], [told]]);
  expect(await attempt(FILE, "there")).toEqual([["symlink", "unlink"], [told]]);
});

test("a move is taken back only of what was moved", async () => {
  const attempt = async (now: Attributes) => {
    const renamed: string[] = [];
    const { SftpError } = await import("sftpbridge-client");
    const client = {
      lstat: async (path: string) => {
        if (path === "/from/a") throw new SftpError(2, "lstat", path, "");
        return now;
      },
      rename: async (from: string) => renamed.push(from),
    };
    const entry = { name: "a" } as Entry;
    await Promise.race([
      undo(workspaceOf(client), [{ entry, from: "/from/a", to: "/to/a", moved: FILE }]),
      new Promise((resolve) => setTimeout(resolve, 200)),
    ]);
    return renamed;
  };
  expect(await attempt(FILE)).toEqual(["/to/a"]);
  expect(await attempt({ ...FILE, size: 99 })).toEqual([]);
});

test("what is new in a list has the name of its owner, as all the others", async () => {
  const line = (name: string) => `-rw-r--r--    1 me       staff           3 Jan  1 00:00 ${name}`;
  const entry = (name: string, longname: string, uid = 1): Entry => ({
    name,
    longname,
    type: "file",
    attributes: { ...FILE, uid },
  });
  let server = [entry("a", line("a"))];
  let reads = 0;
  async function* list() {
    reads++;
    yield server;
  }
  const listing = new Listing({ list } as never);
  const owners = () => listing.entries.value.map((it) => `${it.name} ${owner(it)}`).sort();
  await listing.open("/");
  await listing.patch([], [entry("b", "")]);
  expect([owners(), reads]).toEqual([["a me:staff", "b me:staff"], 1]);
  // Of somebody else, whose name only the server knows.
  server = [...server, entry("c", line("c").replace("me ", "you"), 2)];
  await listing.patch([], [entry("c", "", 2)]);
  expect([owners(), reads]).toEqual([["a me:staff", "c you:staff"], 2]);
});

test("a text whose saving was not answered is saved, and nobody else has changed it", async () => {
  let there = new Blob(["one"]);
  const client = {
    readable: () => there.stream(),
    upload: async (blob: Blob) => {
      there = blob;
      throw new Error("the connection was lost");
    },
  };
  const { signal } = new AbortController();
  const text = await EditedText.read(client as never, "/a");
  await expect(text.write("two", signal)).rejects.toThrow("lost");
  expect(await text.write("two", signal)).toBe(undefined);
  there = new Blob(["theirs"]);
  expect(await text.write("three", signal)).toEqual({ theirs: "theirs" });
});
