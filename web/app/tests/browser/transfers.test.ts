/** Uploads, as a person sees them: by drop, picker and paste, with all that may happen on the way. */

import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { expectAccessible, inBrowsers } from "../support/browsers.ts";
import type { ChromiumPerson } from "../support/chromium.ts";
import { expectAccessibleInAllLooks } from "../support/screens.ts";
import { contentsOf, Tree } from "../support/trees.ts";
import { uploadsLarge } from "../support/upload-large.ts";
import { drags, pastes, statusOf } from "../support/uploads.ts";

const DONE = /All transfers are done/;

/** A file of the test user at the server, changed at a round second. */
function remote(path: string, content: string, seconds: number): void {
  const { uid, gid } = testUser();
  writeFileSync(path, content);
  chownSync(path, uid, gid);
  utimesSync(path, seconds, seconds);
}

inBrowsers(["chromium", "firefox"], ({ browser, site, start }) => {
  const chromium = browser === "chromium";
  const count = chromium ? 1000 : 200;

  test(`files and folders are picked and pasted, and ${count} are one row`, async () => {
    using tree = new Tree();
    const many = [...Array(count).keys()].map((number) =>
      tree.file(`many/${number % 10}/n${number}.txt`, `${number}`),
    );
    const loose = [tree.file("one.bin", new Uint8Array(3_000_000).fill(1)), tree.file("‮two\n.txt", "2")];
    const folder = site().folder();
    await using person = await start();
    await person.logsIn(site(), folder);
    // Firefox can be given no folder by a test: there they are loose files.
    if (chromium) await person.picks([join(tree.path, "many")], "button", "Upload a folder");
    else await person.picks(many, "button", "Upload files");
    await person.picks(loose, "button", "Upload files");
    await pastes(person, { "pasted.txt": "3", "nu\0l": "no", "0": "" });
    await person.click("button", /transfers?\b/);
    await person.reads("No server can have that name.");
    await until(
      "the end",
      async () =>
        (await statusOf(person, chromium ? "many" : "Loose files")).startsWith(
          `Done · ${count.toLocaleString("en-GB")} files`,
        ),
      60_000,
    );
    await person.reads("1 failed");
    // Where loose files are beside it, it is further down.
    if (chromium) await person.sees("row", /pasted\.txt/);
    const base = (line: string) => line.replace(/^many\/(\d\/)?/, "");
    const files = contentsOf(tree.path).filter((line) => !line.endsWith("/"));
    const wanted = chromium ? files : files.map(base).sort();
    const others = ["0", "pasted.txt"];
    const isOther = (line: string) =>
      others.some((name) => line.startsWith(`${name} `)) || line.endsWith("/");
    expect(contentsOf(folder).filter((line) => !isOther(line))).toEqual(wanted);
    for (const name of others) expect(readdirSync(folder)).toContain(name);
    // Failures stay until they are taken off the list.
    await person.click("button", "Clear finished");
    await person.click("button", "Take nu␀l off the list");
    await person.misses("button", "Take nu␀l off the list");
  });

  test("what is there already is asked about, with both sides, once for all that came together", async () => {
    using tree = new Tree();
    const folder = site().folder();
    const names = ["1.txt", "2.txt", "3.txt", "4.txt", "5.txt", "6.txt"];
    for (const name of names) remote(join(folder, name), "old", 1_500_000_000);
    const files = names.map((name) => tree.file(name, "old and new", 1_600_000_000));
    await using person = await start();
    await person.logsIn(site(), folder);
    const answers = async (name: string, decision: string, all = false) => {
      await person.sees("dialog", `${name} is there already`);
      await person.click("radio", decision);
      if (all) await person.click("checkbox", "Do this for all of these");
      await person.click("button", "Go on");
    };
    await person.picks([...files, tree.file("free.txt", "free")], "button", "Upload files");
    await person.sees("dialog", "1.txt is there already");
    // Others go on meanwhile.
    await until("the file that is in nobody's way", () => readdirSync(folder).includes("free.txt"));
    for (const text of ["11 bytes", "3 bytes", "newer", /13 September 2020/, /14 July 2017/])
      await person.reads(text);
    await expectAccessibleInAllLooks(person, "dialog");
    await answers("1.txt", "Replace it");
    await answers("2.txt", "Keep both");
    await answers("3.txt", "Complete what is there");
    await person.sees("dialog", "4.txt is there already");
    await person.press("Escape");
    await answers("5.txt", "Replace if mine is newer", true);
    await person.misses("dialog");
    await person.reads(DONE);
    const texts = Object.fromEntries(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]),
    );
    const both = "old and new";
    expect(texts).toEqual({
      "1.txt": both,
      "2.txt": "old",
      "2 (2).txt": both,
      "3.txt": both,
      "4.txt": "old",
      "5.txt": both,
      "6.txt": both,
      "free.txt": "free",
    });
    await person.picks(files, "button", "Upload files");
    await answers("1.txt", "Skip", true);
    await person.reads(DONE);
    expect(readdirSync(folder)).toHaveLength(8);
  });

  if (!chromium) return;

  test("a dropped folder arrives as it is, also in the folder that it is dropped on", async () => {
    using tree = new Tree();
    tree.file("album/a.txt", "a");
    tree.file("album/nothing", "");
    tree.file("album/deep/<img src=x onerror=alert(1)>.txt", "b");
    tree.file("album/deep/new\nline ‮.bin", new Uint8Array(100_000).fill(7));
    tree.directory("album/empty/inner");
    const folder = site().folder();
    const { uid, gid } = testUser();
    mkdirSync(join(folder, "target"));
    chownSync(join(folder, "target"), uid, gid);
    await using person = (await start()) as ChromiumPerson;
    await person.logsIn(site(), folder);
    const album = [join(tree.path, "album")];
    await drags(person, album, undefined);
    await person.sees("row", /album/);
    await drags(person, album, /target/, false);
    await person.reads("Drop to upload into target");
    await drags(person, album, /target/);
    await person.misses("status", /Drop to upload/);
    await person.reads(DONE);
    expect(contentsOf(join(folder, "target"))).toEqual(contentsOf(tree.path));
    expect(contentsOf(join(folder, "album"))).toEqual(contentsOf(album[0] ?? ""));
  });

  test("a row is paused, resumed, cancelled and tried again by keyboard alone; failures stay", async () => {
    using tree = new Tree();
    tree.file("closed/a.txt", "a");
    tree.file("closed/b.txt", "b");
    const folder = site().folder();
    mkdirSync(join(folder, "closed"));
    await using person = (await start()) as ChromiumPerson;
    await person.logsIn(site(), folder);
    await drags(person, [join(tree.path, "closed")], undefined);
    await person.reads("1 failed");
    await person.page.getByRole("button", { name: /^1 failed/ }).focus();
    await person.press("Enter");
    await person.reads("2 files failed");
    await person.page.getByText("Which, and why").focus();
    await person.press("Enter");
    await person.reads("closed/a.txt: You may not do that here.");
    await expectAccessibleInAllLooks(person, ".transfers");
    await person.misses("button", "Clear finished");
    expect(await statusOf(person, "closed")).toMatch(/^2 files failed/);
    const { uid, gid } = testUser();
    chownSync(join(folder, "closed"), uid, gid);
    await person.page.getByRole("button", { name: "Retry closed" }).focus();
    await person.press("Enter");
    await person.reads(DONE);
    expect(contentsOf(join(folder, "closed"))).toEqual(contentsOf(join(tree.path, "closed")));
    expect(await person.page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
      "Show closed in its folder",
    );
    await person.press("Enter");
    await person.page.getByRole("row", { name: /closed/, selected: true }).waitFor();
    chmodSync(join(folder, "closed"), 0o700);
  });

  test("a large file costs no memory", async () => {
    await using person = (await start()) as ChromiumPerson;
    await uploadsLarge(person, site(), 96 << 20, 60);
  });

  test("of many rows the first 200 are shown, and the others when they are wanted", async () => {
    using tree = new Tree();
    await using person = (await start()) as ChromiumPerson;
    await person.logsIn(site(), site().folder());
    for (const part of ["a", "b", "c"]) {
      const files = Array.from({ length: 70 }, (_, number) => tree.file(`${part} ${number}.txt`, part));
      await person.picks(files, "button", "Upload files");
      await person.reads(DONE);
    }
    const list = person.page.locator(".transfers-list");
    if (!(await list.isVisible())) await person.page.locator(".transfers-summary").click();
    const count = () => list.locator(":scope > ul > li").count();
    await expect.poll(count, { timeout: 15_000 }).toBe(200);
    await expectAccessible(person, ".transfers");
    await person.click("button", "Show 10 more");
    await expect.poll(count, { timeout: 15_000 }).toBe(210);
    await person.misses("button", "Show 10 more");
  });
});
