/** People who change their minds, networks and parts of the page that are lost in the wrong moment, and logins that end: in Chromium. */

import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { png } from "../support/samples.ts";
import { Tree } from "../support/trees.ts";
import { drags, statusOf } from "../support/uploads.ts";

const DONE = /All transfers are done/;

/** A file of the test user at the server. */
function remote(path: string, content = "old"): void {
  const { uid, gid } = testUser();
  writeFileSync(path, content);
  chownSync(path, uid, gid);
}

function folder(path: string): string {
  const { uid, gid } = testUser();
  mkdirSync(path);
  chownSync(path, uid, gid);
  return path;
}

describe("conflicts", () => {
  inBrowsers(["chromium"], ({ site }) => {
    test("“Cancel all” ends everything that was dropped together: nothing is sent, nothing replaced, nobody waits", async () => {
      using tree = new Tree();
      const here = site().folder();
      const names = ["1.txt", "2.txt", "3.txt"];
      for (const name of names) remote(join(here, name));
      const files = names.map((name) => tree.file(name, "new and longer"));
      await using person = await ChromiumPerson.start();
      await person.logsIn(site(), here);
      await drags(person, files, undefined);
      await person.sees("dialog", "1.txt is there already");
      const dialog = person.page.getByRole("dialog");
      await dialog.getByRole("button", { name: "Cancel all" }).click();
      await person.misses("dialog");
      await person.click("button", DONE);
      for (const name of names) expect(await statusOf(person, name)).toMatch(/^Cancelled/);
      expect(readdirSync(here).sort()).toEqual(names);
      for (const name of names) expect(readFileSync(join(here, name), "utf8")).toBe("old");

      // The next one is asked about, and answered, as if nothing had been.
      await drags(person, files.slice(1, 2), undefined);
      await person.sees("dialog", "2.txt is there already");
      await person.click("radio", "Replace it");
      await person.click("button", "Go on");
      await expect.poll(() => readFileSync(join(here, "2.txt"), "utf8")).toBe("new and longer");
      await person.reads(DONE);
      // Nothing of it is taken for an upload that was interrupted.
      expect(await person.traces()).not.toContain("unfinished-uploads");
      await person.reload();
      await person.sees("row", /3\.txt/);
      await person.page.waitForLoadState("networkidle");
      await person.misses("button", /^Pick/);
    });

    test("“Cancel all” of what is moved at the server replaces nothing, and loses nothing", async () => {
      const here = site().folder();
      const target = folder(join(here, "target"));
      const names = ["1.txt", "2.txt", "3.txt"];
      for (const name of names) {
        remote(join(here, name), "new");
        remote(join(target, name));
      }
      await using person = await ChromiumPerson.start();
      const { page } = person;
      await person.logsIn(site(), here);
      await person.click("row", /1\.txt/);
      await person.click("row", /3\.txt/, { held: ["Shift"] });
      await page.getByRole("row", { name: /2\.txt/ }).dragTo(page.getByRole("row", { name: /target/ }));
      await person.sees("dialog", /is there already/);
      await person.click("button", "Cancel all");
      await person.reads(/^Stopped: Moving/);
      await person.misses("dialog");
      for (const name of names) {
        expect(readFileSync(join(here, name), "utf8")).toBe("new");
        expect(readFileSync(join(target, name), "utf8")).toBe("old");
      }
    });

    test("what was skipped is no upload that was interrupted", async () => {
      using tree = new Tree();
      const here = site().folder();
      remote(join(here, "mine.txt"));
      await using person = await ChromiumPerson.start();
      await person.logsIn(site(), here);
      await person.picks([tree.file("mine.txt", "new")], "button", "Upload files");
      await person.sees("dialog", "mine.txt is there already");
      await person.press("Escape");
      await person.reads(DONE);
      await expect.poll(() => person.traces()).not.toContain("unfinished-uploads");
    });
  });
});

describe("what others do meanwhile", () => {
  inBrowsers(["chromium"], ({ site }) => {
    test("a link is led elsewhere in one step, and what has taken its name meanwhile is not lost", async () => {
      const here = site().folder();
      const names = ["a link", "b link", "c link"];
      for (const name of names) symlinkSync("nowhere", join(here, name));
      await using person = await ChromiumPerson.start();
      await person.logsIn(site(), here);
      const leads = async (row: RegExp, meanwhile = () => {}) => {
        await person.click("row", row);
        await person.press("Alt+Enter");
        await person.fill("Leads to", "elsewhere");
        meanwhile();
        await person.click("button", "Save");
        await person.misses("dialog");
      };
      // In a notice of its own: the names are in the list, too.
      const isRefused = (hasText: RegExp) => person.page.locator(".notice.failed", { hasText }).waitFor();
      await leads(/a link/);
      await expect.poll(() => readlinkSync(join(here, "a link"))).toBe("elsewhere");
      await leads(/b link/, () => {
        rmSync(join(here, "b link"));
        remote(join(here, "b link"), "precious");
      });
      await isRefused(/b link.+Something else has that name by now/);
      await leads(/c link/, () => {
        rmSync(join(here, "c link"));
        mkdirSync(join(here, "c link"));
        writeFileSync(join(here, "c link/inside"), "");
      });
      await isRefused(/c link.+Something else has that name by now/);
      expect(readFileSync(join(here, "b link"), "utf8")).toBe("precious");
      expect(readdirSync(join(here, "c link"))).toEqual(["inside"]);
      // Nothing of it is left.
      expect(readdirSync(here).sort()).toEqual(names);
    });

    test("a name that is written over goes with its file, and does not come back with it", async () => {
      const here = site().folder();
      for (const name of ["a.txt", "b.txt"]) remote(join(here, name));
      await using person = await ChromiumPerson.start();
      const { page } = person;
      await person.logsIn(site(), here);
      await person.click("row", /a\.txt/);
      await person.press("F2");
      await person.sees("textbox", /a\.txt/);
      // The field keeps its keys to itself.
      const refreshes = () =>
        page.getByRole("grid").evaluate((at) => {
          const keys = { key: "r", code: "KeyR", ctrlKey: true, altKey: true, bubbles: true };
          at.dispatchEvent(new KeyboardEvent("keydown", keys));
        });
      // What comes meanwhile does not take the field away, nor what is in it.
      await person.type("mine");
      remote(join(here, "c.txt"));
      await refreshes();
      await person.sees("row", /c\.txt/);
      expect(await page.getByRole("textbox", { name: /a\.txt/ }).inputValue()).toBe("mine.txt");
      await person.press("Control+a");
      await person.type("a.txt");
      renameSync(join(here, "a.txt"), join(here, "gone.txt"));
      await refreshes();
      await person.sees("row", /gone\.txt/);
      renameSync(join(here, "gone.txt"), join(here, "a.txt"));
      await refreshes();
      await person.misses("row", /gone\.txt/);
      await person.sees("row", /a\.txt/);
      await person.misses("textbox", /a\.txt/);
      expect(readdirSync(here).sort()).toEqual(["a.txt", "b.txt", "c.txt"]);
    });

    test("an image that is too large to be held says so, and can be downloaded", async () => {
      const here = site().folder();
      remote(join(here, "large.png"));
      writeFileSync(join(here, "large.png"), png(4, 4));
      truncateSync(join(here, "large.png"), 2 ** 28 + 1);
      await using person = await ChromiumPerson.start();
      await person.logsIn(site(), here);
      await person.click("row", /large/);
      await person.press("F3");
      await person.reads("It is too large to be shown here.");
      await person.page.waitForLoadState("networkidle");
      await person.reads("It is too large to be shown here.");
      expect(await person.page.locator(".preview-facts button").count()).toBe(1);
    });
  });
});

/** Browsers report on the console that a connection was lost. */
function forgiveTheNetwork(person: ChromiumPerson): void {
  const others = person.problems.filter((it) => !/WebSocket|ERR_CONNECTION/.test(it));
  person.problems.splice(0, person.problems.length, ...others);
}

describe("a network that is lost", () => {
  inBrowsers(
    ["chromium"],
    ({ site }) => {
      const link = () => {
        const { link } = site();
        if (!link) throw new Error("the site has a link");
        return link;
      };

      test("after a change that nobody has answered, the list shows what has become of it", async () => {
        const here = site().folder();
        remote(join(here, "before.txt"));
        await using person = await ChromiumPerson.start();
        await person.logsIn(site(), here);
        await person.page.waitForLoadState("networkidle");
        await person.click("row", /before/);
        await person.press("F2");
        await person.sees("textbox", /before/);
        await person.press("Control+a");
        await person.type("after.txt");
        // Time to lose the answer after the server has done it.
        link().down.delay = 1_000;
        await person.press("Enter");
        await expect.poll(() => readdirSync(here), { interval: 20, timeout: 15_000 }).toEqual(["after.txt"]);
        link().cut();
        link().down.delay = 0;
        await person.reads(/could not be renamed/);
        await person.sees("row", /after\.txt/);
        await person.misses("row", /before\.txt/);
        forgiveTheNetwork(person);
      });

      test("who stops the deletion of a tree keeps what is left of it, and sees it", async () => {
        const here = site().folder();
        const tree = folder(join(here, "tree"));
        for (let number = 0; number < 1000; number++) remote(join(tree, `${number}.txt`));
        await using person = await ChromiumPerson.start();
        await person.logsIn(site(), here);
        await person.page.waitForLoadState("networkidle");
        await person.click("row", /tree/);
        await person.press("Delete");
        await person.sees("dialog", /Delete/);
        link().down.delay = 200;
        await person.click("button", "Delete for good");
        await expect
          .poll(() => readdirSync(tree).length, { interval: 20, timeout: 15_000 })
          .toBeLessThan(1000);
        await person.click("button", "Stop");
        await person.reads(/^Stopped: Deleting/);
        link().down.delay = 0;
        // What was under way is done when an answer to a later request is there.
        await person.press("Control+Alt+r");
        await person.page.locator("[role=grid][aria-busy=false]").waitFor();
        const left = readdirSync(tree).length;
        expect(left).toBeGreaterThan(0);
        await person.click("row", /tree/, { count: 2 });
        await person.reads(`${left} entries`);
      });

      test("what is discarded while it waits to be saved is not written later", async () => {
        const here = site().folder();
        const path = join(here, "notes.txt");
        remote(path);
        await using person = await ChromiumPerson.start();
        const { page } = person;
        await person.logsIn(site(), here);
        await person.click("row", /notes/);
        await person.press("F4");
        await page.getByRole("textbox", { name: /notes/ }).fill("a mistake");
        await page.waitForLoadState("networkidle");
        link().accepting = false;
        link().cut();
        await person.press("Control+s");
        await person.reads("Saving…");
        await person.press("Escape");
        await person.click("button", "Discard");
        await person.misses("dialog");
        await person.reads("The connection was lost.");
        link().accepting = true;
        await person.reads("Connected again.");
        // Whatever was still to be sent was sent before this.
        await person.press("Control+Alt+n");
        await person.sees("dialog", "New folder");
        await person.press("Enter");
        await person.sees("row", /New folder/);
        expect(readFileSync(path, "utf8")).toBe("old");
        expect(readdirSync(here).sort()).toEqual(["New folder", "notes.txt"]);
        forgiveTheNetwork(person);
      });

      test("a login that ends takes along what was under way, and what it was", async () => {
        const here = site().folder();
        remote(join(here, "secret plan.txt"));
        await using person = await ChromiumPerson.start();
        await person.logsIn(site(), here);
        await person.page.waitForLoadState("networkidle");
        await person.click("row", /secret/);
        link().down.delay = 600_000;
        await person.press("Control+d");
        await person.reads(/Copying/);
        link().down.delay = 0;
        await logsOut(person, { isAsked: true });
        // Long enough for what comes of an end.
        await person.page.waitForTimeout(500);
        expect(await person.page.locator("body").innerHTML()).not.toContain("secret plan");
        forgiveTheNetwork(person);
      });
    },
    { link: {} },
  );
});

/** As if the login ended for another reason: a dialog may be over everything. */
async function logsOut({ page }: ChromiumPerson, { isAsked = false } = {}): Promise<void> {
  await page.evaluate(() => document.querySelector<HTMLElement>("header .account")?.click());
  await page.getByText("Log out").evaluate((item) => item.closest("button")?.click());
  if (isAsked) await page.getByRole("dialog").getByRole("button", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Log in" }).waitFor();
}

describe("a login that ends", () => {
  inBrowsers(["chromium"], ({ site }) => {
    test("while a text is edited: the text is kept, the page held, and what others write meanwhile is not lost", async () => {
      const here = site().folder();
      const path = join(here, "notes.txt");
      remote(path, "as it was");
      await using person = await ChromiumPerson.start();
      const { page } = person;
      await person.logsIn(site(), here);
      const isHeld = () =>
        page.evaluate(() => !dispatchEvent(new Event("beforeunload", { cancelable: true })));
      await person.click("row", /notes/);
      await person.press("F4");
      const field = page.getByRole("textbox", { name: /notes/ });
      await field.fill("mine");
      await logsOut(person);
      await person.reads(/Your unsaved text is kept/);
      expect(await isHeld()).toBe(true);
      writeFileSync(path, "theirs");

      await person.fill("Password", testUser().password);
      await person.click("button", "Log in");
      await person.click("row", /notes/);
      await person.press("F4");
      await expect.poll(() => field.inputValue()).toBe("mine");
      await person.press("Control+s");
      await person.sees("dialog", "Somebody else has changed it");
      expect(readFileSync(path, "utf8")).toBe("theirs");
      await person.click("button", "Save mine anyway");
      await person.reads("All is saved");
      expect(readFileSync(path, "utf8")).toBe("mine");
      await person.press("Escape");
      await person.misses("dialog");
      expect(await isHeld()).toBe(false);
    });
  });
});
