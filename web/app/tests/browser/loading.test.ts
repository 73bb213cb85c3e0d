/** What comes with the first list, and what when it is wanted: none of it before, and all of it although the network fails. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";

/** Scripts and styles that are loaded with the page: the names of the others are those of rooms. */
const FIRST = /\/assets\/(index|worker)-[^/]*$/;
const PART = /\/assets\/[^/]*\.(js|css)$/;

inBrowsers(["chromium"], ({ site }) => {
  test("nothing else is loaded before the first list, everything ahead after it", async () => {
    const folder = site().folder();
    mkdirSync(join(folder, "photos"));
    await using person = await ChromiumPerson.start();
    const loaded: string[] = [];
    person.page.on("request", (request) => PART.test(request.url()) && loaded.push(request.url()));
    // In the page, since the list and what follows it are there at almost the same time.
    await person.page.addInitScript(() => {
      const look = new MutationObserver(() => {
        if (!document.querySelector(".row")) return;
        look.disconnect();
        Object.assign(globalThis, {
          seen: performance.getEntriesByType("resource").map(({ name }) => name),
        });
      });
      look.observe(document, { childList: true, subtree: true });
    });
    await person.logsIn(site(), folder);
    await person.sees("row", /photos/);
    const before = await person.evaluate(() => (globalThis as unknown as { seen: string[] }).seen, undefined);
    expect(before.some((url) => FIRST.test(url))).toBe(true);
    expect(before.filter((url) => PART.test(url) && !FIRST.test(url))).toEqual([]);
    const rooms = ["actions", "transfers", "login", "ui", "preview", "downloads"];
    await expect
      .poll(() => rooms.filter((room) => !loaded.some((url) => url.includes(`/assets/${room}-`))))
      .toEqual([]);
  });

  test("what could not be loaded says so, and comes when the network is back", async () => {
    const folder = site().folder();
    mkdirSync(join(folder, "photos"));
    await using person = await ChromiumPerson.start();
    const { page } = person;
    const parts = (url: URL) => PART.test(url.pathname) && !FIRST.test(url.pathname);
    await page.route(parts, (route) => route.abort());
    await person.logsIn(site(), folder);
    await person.sees("row", /photos/);
    await person.press("ArrowDown");
    await person.press("Delete");
    await person.reads(/^Delete: This part of the page could not be loaded\./);
    await person.press("Shift+F10");
    await person.reads(/^This is not here yet\./);
    await page.unroute(parts);
    await person.sees("menuitem", "Open");
    await person.press("Escape");
    await person.press("Delete");
    await person.sees("dialog", /photos/);
    // With its style, too.
    await expect
      .poll(() => page.locator("dialog").evaluate((it) => getComputedStyle(it).padding))
      .toBe("0px");
    expect(person.problems.every((it) => /ERR_FAILED/.test(it))).toBe(true);
    person.problems.length = 0;
  });
});
