/** Looking around: by keyboard, by mouse and by finger, with names as other people choose them. */

import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testUser } from "../../../client/tests/support/user.ts";
import { expectAccessible, inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import type { Person } from "../support/person.ts";
import { expectAccessibleInBothThemes } from "../support/screens.ts";

/** The names of the rows, of those that are selected, and of the one with the cursor. */
const seen = (person: Person) =>
  person.evaluate(() => {
    const grid = document.querySelector("[role=grid]");
    const names = (rows: Iterable<Element>) =>
      [...rows].map((row) => row.querySelector(".name bdi")?.textContent);
    const active = document.getElementById(grid?.getAttribute("aria-activedescendant") ?? "");
    return {
      rows: names(grid?.querySelectorAll(".row") ?? []),
      selected: names(grid?.querySelectorAll(".row[aria-selected=true]") ?? []),
      cursor: active && names([active])[0],
    };
  }, undefined);

const placeOf = (person: Person) => person.evaluate(() => decodeURIComponent(location.hash), undefined);

inBrowsers(["chromium", "firefox"], ({ browser, site, start }) => {
  test("a walk by keyboard: cursor, ranges, names by letters, down and up again", async () => {
    const folder = site().folder();
    for (const name of ["b dir", "a dir"]) mkdirSync(join(folder, name));
    for (const name of ["file 2", "file 10", "file 1", "Zebra", ".hidden"])
      writeFileSync(join(folder, name), name);
    symlinkSync("a dir", join(folder, "link"));
    symlinkSync("nowhere", join(folder, "broken"));
    await using person = await start();
    await person.logsIn(site(), folder);
    await person.sees("row", /^Zebra/);
    const rows = ["a dir", "b dir", "broken", "file 1", "file 2", "file 10", "link", "Zebra"];
    expect(await seen(person)).toEqual({ rows, selected: [], cursor: "a dir" });

    // The list has the focus from the beginning.
    await person.press("ArrowDown");
    await person.press("ArrowDown");
    expect((await seen(person)).selected).toEqual(["b dir"]);
    await person.press("Shift+ArrowDown");
    await person.press("Shift+ArrowDown");
    expect((await seen(person)).selected).toEqual(["b dir", "broken", "file 1"]);
    await person.reads("3 selected");
    await person.press("Control+End");
    expect(await seen(person)).toMatchObject({ cursor: "Zebra", selected: ["b dir", "broken", "file 1"] });
    await person.press(" ");
    expect((await seen(person)).selected).toEqual(["b dir", "broken", "file 1", "Zebra"]);
    await person.press("Control+a");
    expect((await seen(person)).selected).toEqual(rows);
    await person.press("Escape");
    expect((await seen(person)).selected).toEqual([]);
    await person.type("file 10");
    expect(await seen(person)).toMatchObject({ cursor: "file 10", selected: ["file 10"] });

    await person.press("Home");
    await person.press("Enter");
    await person.reads("This folder is empty.");
    expect(await placeOf(person)).toBe(`#${folder}/a dir`);
    await person.press("Backspace");
    await person.sees("row", /^Zebra/);
    // The cursor is on the folder that one came from.
    await person.press("ArrowDown");
    expect((await seen(person)).cursor).toBe("b dir");

    // A link leads to its folder; one that leads nowhere is marked, and says so.
    await person.sees("row", /^broken, broken link/);
    await person.type("li");
    await person.press("Enter");
    await person.reads("This folder is empty.");
    expect(await placeOf(person)).toBe(`#${folder}/link`);
    await person.press("Alt+ArrowUp");
    await person.sees("row", /^Zebra/);
    await person.type("br");
    await person.press("Enter");
    await person.reads("This link leads nowhere.");

    // Refreshing keeps what is selected.
    writeFileSync(join(folder, "a new one"), "");
    await person.press("Control+Alt+r");
    await person.sees("row", /^a new one/);
    expect(await seen(person)).toMatchObject({ cursor: "broken", selected: ["broken"] });
  });

  if (browser !== "chromium") return;

  test("by mouse: click, Ctrl, Shift, sorting, the filter, menus and the path", async () => {
    const folder = site().folder();
    mkdirSync(join(folder, "inner"));
    for (const [index, name] of ["a", "b", "c", "d"].entries()) {
      writeFileSync(join(folder, name), "x".repeat(10 - index));
      utimesSync(join(folder, name), 1e9 + index * 1e6, 1e9 + index * 1e6);
    }
    await using person = await start();
    await person.logsIn(site(), folder);
    await person.click("row", /^b,/);
    await person.click("row", /^d,/, { held: ["Control"] });
    expect((await seen(person)).selected).toEqual(["b", "d"]);
    await person.click("row", /^b,/, { held: ["Shift"] });
    expect((await seen(person)).selected).toEqual(["b", "c", "d"]);
    await person.reads("3 selected (24 bytes)");

    await person.click("button", "Size");
    expect((await seen(person)).rows).toEqual(["inner", "d", "c", "b", "a"]);
    await person.click("button", "Size");
    expect((await seen(person)).rows).toEqual(["inner", "a", "b", "c", "d"]);
    await person.click("button", "Modified");
    await person.click("button", "Modified");
    expect((await seen(person)).rows).toEqual(["inner", "d", "c", "b", "a"]);
    expect((await seen(person)).selected).toEqual(["d", "c", "b"]);

    await person.fill("Filter", "zz");
    await person.reads("Nothing here fits the filter.");
    await person.reads("0 of 5 entries");
    await person.press("Escape");
    await person.sees("row", /^inner/);
    await person.press("/");
    await person.type("c");
    await person.press("Enter");
    expect(await seen(person)).toEqual({ rows: ["c"], selected: ["c"], cursor: "c" });
    await person.click("button", "Clear the filter");

    // The menu is for the row below the pointer.
    await person.click("row", /^inner/, { button: "right" });
    await person.click("menuitem", "Open");
    await person.reads("This folder is empty.");

    await person.press("Control+l");
    await person.fill("Path", "..");
    await person.press("Enter");
    await person.sees("row", /^inner/);
    await person.press("Control+l");
    await person.fill("Path", "~");
    await person.press("Enter");
    await person.misses("row", /^inner/);
    await person.press("Control+l");
    await person.fill("Path", `${folder}/gone`);
    await person.press("Enter");
    await person.reads("This folder does not exist.");
    await person.click("button", "Up one folder");
    await person.sees("row", /^inner/);
    // How it was sorted last is kept.
    expect((await seen(person)).rows).toEqual(["inner", "d", "c", "b", "a"]);
  });

  test("names of any kind are text, can be told apart, and lead to what they name", async () => {
    const folder = site().folder();
    const hostile = [
      "<img src=x onerror=alert(1)>",
      "javascript:alert(1)",
      "gpj.\u202etxt.exe",
      "a\nb",
      "a b",
      " a b",
      "%2e%2e",
      "#x?y&z",
      "C:\\windows",
      "n".repeat(255),
    ];
    for (const name of hostile) mkdirSync(join(folder, name));
    const inBytes = (...bytes: number[]) => Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from(bytes)]);
    mkdirSync(inBytes(0xe9));
    mkdirSync(inBytes(0xe8));
    writeFileSync(Buffer.concat([inBytes(0xe9), Buffer.from("/inside")]), "");
    await using person = await start();
    await person.logsIn(site(), folder);
    await person.sees("row", /^caf⟨E9⟩/);
    const { rows } = await seen(person);
    expect(new Set(rows).size).toBe(hostile.length + 2);
    expect(rows).toContain("<img src=x onerror=alert(1)>");
    expect(rows).toContain("gpj.⟨U+202E⟩txt.exe");

    await person.click("row", /^caf⟨E9⟩/, { count: 2 });
    await person.sees("row", /^inside/);
    expect(await person.evaluate(() => [location.hash, document.title], undefined)).toEqual([
      expect.stringMatching(/\/caf%E9$/),
      expect.stringMatching(/^caf⟨E9⟩ – /),
    ]);
    await person.press("Backspace");
    for (const name of [/^<img/, /^#x/, /^%2e/, /^a␊b/, /^nnn/]) {
      await person.click("row", name, { count: 2 });
      await person.reads("This folder is empty.");
      await person.press("Backspace");
      await person.sees("row", /^<img/);
    }
  });

  test("links to places, Back, and another visit", async () => {
    const folder = site().folder();
    mkdirSync(join(folder, "many"));
    for (let index = 0; index < 300; index++) writeFileSync(join(folder, "many", `file ${index}`), "");
    await using person = await ChromiumPerson.start();
    // To a file: its folder, with the file selected and in sight.
    await person.logsIn(site(), `${folder}/many/file 200`);
    await person.sees("row", /^file 200/);
    expect(await seen(person)).toMatchObject({ selected: ["file 200"], cursor: "file 200" });
    expect(await placeOf(person)).toBe(`#${folder}/many`);

    const { page } = person;
    const scrolled = () => page.locator("[role=grid]").evaluate((grid) => grid.scrollTop);
    await page.locator("[role=grid]").evaluate((grid) => grid.scrollTo(0, 1234));
    await person.sees("row", /^file 30/);
    await person.press("Backspace");
    await person.sees("row", /^many/);
    await page.goBack();
    await person.sees("row", /^file 30/);
    await expect.poll(scrolled).toBe(1234);
    // A new visit begins at the top.
    await person.press("Backspace");
    await person.click("row", /^many/, { count: 2 });
    await person.sees("row", /^file 0/);
    expect(await scrolled()).toBe(0);
  });

  test("a folder that cannot be read says why, and can be tried again", async () => {
    const folder = site().folder();
    mkdirSync(join(folder, "closed"), { mode: 0 });
    await using person = await ChromiumPerson.start();
    await person.logsIn(site(), `${folder}/closed`);
    await person.reads("This folder could not be read.");
    await person.reads("You may not do that here.");
    await expectAccessible(person);
    chmodSync(join(folder, "closed"), 0o755);
    await person.click("button", "Try again");
    await person.reads("This folder is empty.");
    await expectAccessible(person);
    // What was read before stays, when it cannot be read again.
    writeFileSync(join(folder, "closed", "inside"), "");
    await person.press("Control+Alt+r");
    await person.sees("row", /^inside/);
    chmodSync(join(folder, "closed"), 0);
    await person.press("Control+Alt+r");
    await person.reads("This folder could not be read.");
    expect((await seen(person)).rows).toEqual(["inside"]);
    await expectAccessible(person);
  });

  test("on a telephone a tap opens, boxes and a long press select, and everything has room", async () => {
    const folder = site().folder();
    mkdirSync(join(folder, "photos"));
    for (const name of ["a.txt", "b.txt", "c.txt"]) writeFileSync(join(folder, name), name);
    const viewport = { width: 360, height: 740 };
    await using person = await ChromiumPerson.start({ viewport, hasTouch: true, isMobile: true });
    const { page } = person;
    await person.logsIn(site(), folder);
    await person.sees("row", /^photos/);
    await expectAccessibleInBothThemes(person);
    await page.getByRole("row", { name: /^photos/ }).tap();
    await person.reads("This folder is empty.");
    await page.getByRole("button", { name: "Folders above" }).tap();
    await expectAccessible(person);
    await page.getByRole("menuitem").first().tap();
    await page.getByRole("checkbox", { name: "Select a.txt" }).tap();
    await page.getByRole("row", { name: /^c\.txt/ }).tap();
    expect((await seen(person)).selected).toEqual(["a.txt", "c.txt"]);
    await expectAccessibleInBothThemes(person);
    await person.click("button", "Clear the selection");
    const { x = 0, y = 0 } = (await page.getByRole("row", { name: /^b\.txt/ }).boundingBox()) ?? {};
    const touch = await page.context().newCDPSession(page);
    const touchPoints = [{ x: x + 100, y: y + 20 }];
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
    await person.sees("menuitem", "Refresh");
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    expect((await seen(person)).selected).toEqual(["b.txt"]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  });

  test("at a desk everything is accessible, in another direction, too", async () => {
    const folder = site().folder();
    mkdirSync(join(folder, "one/two/three/four/five"), { recursive: true });
    writeFileSync(join(folder, "text.txt"), "text");
    await using person = await ChromiumPerson.start();
    await person.logsIn(site(), folder);
    await person.sees("row", /^text/);
    await person.press("ArrowDown");
    await expectAccessibleInBothThemes(person);
    await person.press("Shift+F10");
    await person.sees("menuitem", "Open");
    await expectAccessibleInBothThemes(person);
    await person.press("Escape");
    await person.press("?");
    await person.sees("dialog", "Keyboard shortcuts");
    await expectAccessibleInBothThemes(person);
    await person.press("Escape");
    // One stop of the Tab key for the toolbar, and arrows in it.
    await person.press("Shift+Tab");
    await person.press("Shift+Tab");
    const focused = () => person.evaluate(() => document.activeElement?.ariaLabel, undefined);
    while ((await focused()) !== "More" && (await focused()) !== "Clear the selection")
      await person.press("Shift+Tab");
    await person.press("End");
    expect(await focused()).toBe("More");
    await person.press("ArrowRight");
    expect(await focused()).toBe("Clear the selection");
    await person.press("Enter");
    expect((await seen(person)).selected).toEqual([]);

    await using reader = await ChromiumPerson.start();
    await reader.page.addInitScript(() => localStorage.setItem("language", "ar-XB"));
    await reader.open(`${site().url}#${folder}`);
    const { name, password } = testUser();
    await reader.page.locator("input[autocomplete=username]").fill(name);
    await reader.page.locator("input[type=password]").fill(password);
    await reader.press("Enter");
    await reader.sees("row", /^text/);
    await expectAccessibleInBothThemes(reader);
    expect(await reader.evaluate(() => document.dir, undefined)).toBe("rtl");
  });
});
