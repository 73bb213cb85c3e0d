/** Servers on which something goes wrong in the middle: full disks, and files that others change meanwhile. In Chromium. */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, readdirSync, readFileSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { Tree } from "../support/trees.ts";
import { statusOf } from "../support/uploads.ts";

const { uid, gid } = testUser();

/** A file of the test user at the server. */
function remote(path: string, content: string | Uint8Array): string {
  writeFileSync(path, content);
  chownSync(path, uid, gid);
  return path;
}

/** A disk with room for a megabyte. */
class SmallDisk implements Disposable {
  readonly #path: string;

  constructor(path: string) {
    const options = `size=1m,uid=${uid},gid=${gid},mode=755`;
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]);
    this.#path = path;
  }

  [Symbol.dispose](): void {
    execFileSync("umount", ["-l", this.#path]);
  }
}

describe("trouble", () => {
  inBrowsers(
    ["chromium"],
    ({ site }) => {
      test("a full disk is called so, for many files at a time and for a text; nothing half is left", async () => {
        using tree = new Tree();
        const here = site().folder();
        using _disk = new SmallDisk(here);
        remote(join(here, "notes.txt"), "mine");
        // Each would find room when all others have failed.
        for (const name of ["1", "2", "3", "4", "5"]) tree.file(`photos/${name}`, randomBytes(300_000));
        await using person = await ChromiumPerson.start();
        const { page } = person;
        await person.logsIn(site(), here);
        await person.picks([join(tree.path, "photos")], "button", "Upload a folder");
        await person.click("button", /failed/);
        await page.getByText("Which, and why").click();
        const reasons = (await page.locator(".transfer li").allInnerTexts()).map((it) => it.split(": ")[1]);
        expect(reasons.length).toBeGreaterThan(1);
        expect([...new Set(reasons)]).toEqual(["There is no room left on the server."]);
        await expect
          .poll(() => readdirSync(join(here, "photos")).filter((name) => name.endsWith(".part")))
          .toEqual([]);

        const { bfree, bsize } = statfsSync(here);
        writeFileSync(join(here, "filling"), randomBytes(bfree * bsize));
        await person.click("row", /notes/);
        await person.press("F4");
        await page.getByRole("textbox", { name: /notes/ }).fill("much ".repeat(100_000));
        await person.press("Control+s");
        await person.page.getByRole("dialog").getByText("There is no room left").waitFor();
        expect(readFileSync(join(here, "notes.txt"), "utf8")).toBe("mine");
      });

      test("a file that becomes shorter while it is downloaded is a failure, with its reason", async () => {
        const here = site().folder();
        const path = remote(join(here, "film.bin"), randomBytes(4 << 20));
        const { link } = site();
        if (!link) throw new Error("the site has a link");
        await using person = await ChromiumPerson.start();
        await person.logsIn(site(), here);
        await person.page.waitForLoadState("networkidle");
        await person.click("row", /film/);
        link.down.rate = 16e6;
        const before = link.down.bytes;
        const begun = person.page.waitForEvent("download");
        await person.click("button", "Download");
        await until("some of it", () => link.down.bytes - before > 500_000);
        truncateSync(path, 1 << 20);
        link.down.rate = Number.POSITIVE_INFINITY;
        expect(await (await begun).failure()).toBeTruthy();
        await person.click("button", /1 failed/);
        expect(await statusOf(person, "film.bin")).toMatch(/has changed meanwhile/);
      });

      test("a name that is half written stays so where a computer has slept until the login was over", async () => {
        const here = site().folder();
        remote(join(here, "a.txt"), "");
        const { link, bridge } = site();
        await using person = await ChromiumPerson.start();
        const { page, context } = person;
        await person.logsIn(site(), here);
        await page.waitForLoadState("networkidle");
        await person.click("row", /a\.txt/);
        await person.press("F2");
        await person.sees("textbox", /a\.txt/);
        await person.type("ha");
        const tab = await context.newCDPSession(page);
        await tab.send("Page.setWebLifecycleState", { state: "frozen" });
        link?.cut();
        await bridge.restart();
        await tab.send("Page.setWebLifecycleState", { state: "active" });
        await tab.detach();
        await person.sees("dialog", "Please log in again");
        await person.fill("Password", testUser().password);
        await person.press("Enter");
        await person.misses("dialog");
        await person.reads("Connected again.");
        expect(await page.evaluate(() => document.activeElement?.matches(".rename-field input"))).toBe(true);
        expect(readdirSync(here)).toEqual(["a.txt"]);
        await person.type("lf");
        await person.press("Enter");
        await person.sees("row", /half\.txt/);
        expect(readdirSync(here)).toEqual(["half.txt"]);
        const others = person.problems.filter((it) => !/WebSocket|ERR_CONNECTION/.test(it));
        person.problems.splice(0, person.problems.length, ...others);
      });
    },
    { link: {} },
  );
});
