/** Dragging, a server that can little, and how the dialogs are for everyone: in Chromium. */

import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tool } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { expectAccessible, inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import type { Site } from "../support/site.ts";

function own(path: string): string {
  const { uid, gid } = testUser();
  chownSync(path, uid, gid);
  return path;
}

function file(path: string, text = "text"): void {
  writeFileSync(path, text);
  own(path);
}

function folder(path: string): string {
  mkdirSync(path);
  return own(path);
}

describe("a whole server", () => {
  inBrowsers(["chromium"], ({ site }) => {
    test("what is dragged moves to folders and to those above, with Ctrl it is copied, and it can be undone", async () => {
      const here = site().folder();
      const target = folder(join(here, "target"));
      for (const name of ["a.txt", "b.txt", "c.txt"]) file(join(here, name), name);
      await using person = await ChromiumPerson.start();
      await person.logsIn(site(), here);
      const row = (name: RegExp) => person.page.getByRole("row", { name });

      await person.click("row", /a\.txt/);
      await person.click("row", /b\.txt/, { held: ["Control"] });
      await row(/a\.txt/).dragTo(row(/target/));
      await person.reads("2 items moved to");
      expect(readdirSync(target).sort()).toEqual(["a.txt", "b.txt"]);
      await person.click("button", "Undo");
      await person.sees("row", /a\.txt/);
      expect(readdirSync(target)).toEqual([]);

      // A folder does not go into itself, nor a file to where it is.
      await row(/target/).dragTo(row(/target/));
      await row(/c\.txt/).dragTo(row(/b\.txt/));
      await person.click("row", /target/, { count: 2 });
      await person.misses("row", /c\.txt/);
      expect(readdirSync(here).sort()).toEqual(["a.txt", "b.txt", "c.txt", "target"]);

      file(join(target, "inner.txt"), "inner");
      await person.press("Control+Alt+r");
      const crumb = person.page.getByRole("link", { name: /^case-/ });
      await row(/inner/).dragTo(crumb);
      await person.misses("row", /inner/);
      expect(readFileSync(join(here, "inner.txt"), "utf8")).toBe("inner");
      await person.press("Backspace");
      await row(/c\.txt/).waitFor();
      await person.page.keyboard.down("Control");
      await row(/c\.txt/).dragTo(row(/target/));
      await person.page.keyboard.up("Control");
      await person.reads(/c\.txt.” copied to/);
      expect(readFileSync(join(target, "c.txt"), "utf8")).toBe("c.txt");
      expect(readFileSync(join(here, "c.txt"), "utf8")).toBe("c.txt");
    });

    test("between file systems, where there is no renaming, what is moved is copied and then deleted", async () => {
      const here = makeSample(site());
      const elsewhere = own(mkdtempSync("/dev/shm/sftpbridge-web-"));
      try {
        await using person = await ChromiumPerson.start();
        await person.logsIn(site(), here);
        await person.click("row", /^folder/);
        await person.press("Control+x");
        await person.evaluate((path) => {
          location.hash = path;
        }, elsewhere);
        // Nothing is pasted into a folder that is still being opened.
        await person.reads("This folder is empty.");
        await person.press("Control+v");
        await person.sees("row", /^folder/);
        expect(readFileSync(join(elsewhere, "folder/inner.txt"), "utf8")).toBe("text");
        expect(readdirSync(here).sort()).toEqual(["link", "page.html"]);
      } finally {
        rmSync(elsewhere, { recursive: true });
      }
    });

    for (const colorScheme of ["light", "dark"] as const)
      test(`the dialogs have no fault that axe finds: ${colorScheme}, at 360 pixels, by keyboard`, async () => {
        const here = makeSample(site());
        const viewport = { width: 360, height: 700 };
        await using person = await ChromiumPerson.start({ colorScheme, viewport });
        await person.logsIn(site(), here);
        const { page } = person;
        const showsDialog = async (name: RegExp) => {
          await page.getByRole("dialog", { name }).waitFor();
          await expectAccessible(person, "dialog");
          await page.keyboard.press("Escape");
          await person.misses("dialog");
        };
        await page.keyboard.press("Control+Alt+n");
        await showsDialog(/New folder/);
        await page.keyboard.press("Control+Alt+n");
        await person.sees("dialog", "New folder");
        await page.keyboard.type("by keyboard");
        await page.keyboard.press("Enter");
        await person.sees("row", /by keyboard/);
        await page.keyboard.press("Alt+Enter");
        await showsDialog(/Properties of “.by keyboard/);
        await page.keyboard.press("Delete");
        await person.sees("dialog", /Delete “.by keyboard/);
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await person.misses("row", /by keyboard/);
        await page.keyboard.press("Alt+Enter");
        await showsDialog(/Properties of “.case-/);

        await person.click("row", /page/);
        await page.keyboard.press("F2");
        await page.keyboard.press("Control+a");
        await page.keyboard.type("a/b");
        await page.keyboard.press("Enter");
        await person.reads("A name cannot have “/” in it.");
        await expectAccessible(person, ".rename-field");
        await page.keyboard.press("Control+a");
        await page.keyboard.type("folder");
        await page.keyboard.press("Enter");
        await showsDialog(/is there already/);
        await page.keyboard.press("Alt+Enter");
        await showsDialog(/Properties of “.page/);
        await page.keyboard.press("Control+a");
        await page.keyboard.press("Delete");
        await showsDialog(/Delete 3 items\?/);
        await page.keyboard.press("Alt+Enter");
        await showsDialog(/Properties of 3 items/);
      });
  });
});

/** Requests that the server says no to, and extensions that it does not announce. */
const REFUSED = ["copy-data", "hardlink", "lsetstat", "posix-rename", "statvfs", "users-groups-by-id"].join();

describe("a server that can little", () => {
  inBrowsers(
    ["chromium"],
    ({ site }) => {
      test("what it lacks cannot be chosen and says why, and the rest works", async () => {
        const here = makeSample(site());
        await using person = await ChromiumPerson.start();
        await person.logsIn(site(), here);
        const { page } = person;

        await person.click("row", /page/);
        await page.keyboard.press("Alt+Enter");
        await person.reads("The server does not say how much space is free.");
        await page.keyboard.press("Escape");
        await person.click("button", "More");
        await person.click("menuitem", "New link");
        expect(await page.getByRole("radio", { name: /^Hard/ }).isDisabled()).toBe(true);
        await person.reads("This server makes no hard links.");
        await page.keyboard.press("Escape");
        await person.click("row", /link/);
        await page.keyboard.press("Alt+Enter");
        expect(await page.getByLabel("Modified").isDisabled()).toBe(true);
        await person.reads("This server changes only what a link leads to.");
        await page.keyboard.press("Escape");

        // Through the browser. What takes long shows how far it is, and can be stopped.
        truncateSync(join(here, "folder/inner.txt"), 4e9);
        await person.click("row", /^folder/);
        await page.keyboard.press("Control+d");
        await person.sees("progressbar", /Copying/);
        await person.reads("it goes through this browser and takes longer");
        await expectAccessible(person, ".jobs");
        await person.click("button", "Stop");
        await person.reads(/Stopped: Copying/);
        await person.misses("progressbar");
        await expect.poll(() => hidden(join(here, "folder (2)"))).toEqual([]);
        await person.click("row", /page/);
        await page.keyboard.press("Control+d");
        await person.sees("row", /page \(2\)\.html/);
        expect(readFileSync(join(here, "page (2).html"), "utf8")).toBe("page");
        // Without posix-rename an existing file is replaced in two steps.
        await page.keyboard.press("F2");
        await page.keyboard.press("Control+a");
        await page.keyboard.type("page.html");
        await page.keyboard.press("Enter");
        await person.click("radio", "Replace it");
        await person.click("button", "Go on");
        await person.misses("row", /page \(2\)/);
        expect(readdirSync(here).sort()).toEqual(["folder", "folder (2)", "link", "page.html"]);
      });
    },
    { sshd: { subsystem: `${tool("sftp-server")} -P ${REFUSED}` } },
  );
});

/** What is left of files that were not completed. */
const hidden = (directory: string) => readdirSync(directory).filter((name) => name.startsWith("."));

function makeSample(site: Site): string {
  const here = site.folder();
  const inside = folder(join(here, "folder"));
  file(join(inside, "inner.txt"));
  file(join(here, "page.html"), "page");
  symlinkSync("page.html", join(here, "link"));
  return here;
}
