/** Uploads over a network that is lost, a page that is loaded again, and a server that is full. */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers } from "../support/browsers.ts";
import type { ChromiumPerson } from "../support/chromium.ts";
import { hashOf, Tree } from "../support/trees.ts";
import { statusOf } from "../support/uploads.ts";

const DONE = /All transfers are done/;
const SIZE = 24 << 20;
/** More than this path holds, with the queue in front of it: what was under way at a cut. */
const WINDOW = 1 << 20;
/** Headers of packets and frames, and everything that is no WRITE: of a file's bytes. */
const OVERHEAD = 0.01;

inBrowsers(
  ["chromium"],
  ({ site, start }) => {
    const link = () => {
      const { link } = site();
      if (!link) throw new Error("the site has a link");
      return link;
    };

    test("a link that is cut three times costs a pause: no login, little sent twice, the same bytes", async () => {
      using tree = new Tree();
      const big = tree.file("big.bin", randomBytes(SIZE));
      const folder = site().folder();
      await using person = (await start()) as ChromiumPerson;
      await person.logsIn(site(), folder);
      const logins = () => site().sshd.log.match(/Accepted password/g)?.length;
      const once = logins();
      const title = await person.page.title();
      const before = link().up.bytes;
      await person.picks([big], "button", "Upload files");
      await person.page.getByRole("button", { name: /1 transfer/ }).click();
      for (const cut of [1, 2, 3]) {
        await until(`${cut} quarters`, () => link().up.bytes - before > (cut * SIZE) / 4);
        expect(await person.page.title()).toMatch(/^\d+% · /);
        link().cut();
      }
      await person.reads(DONE);
      expect(hashOf(join(folder, "big.bin"))).toBe(hashOf(big));
      expect(logins()).toBe(once);
      const resent = link().up.bytes - before - SIZE * (1 + OVERHEAD);
      expect(resent).toBeLessThanOrEqual(3 * (WINDOW + 65_536));
      await until("the title of before", async () => (await person.page.title()) === title);
      expect(await statusOf(person, "big.bin")).toBe("Done · 25.2 MB");
      expect(readdirSync(folder)).toEqual(["big.bin"]);
      // A console of a browser tells of lost connections; nothing else may be there.
      expect(person.problems.filter((problem) => !/WebSocket/.test(problem))).toEqual([]);
      person.problems.length = 0;
    });

    test("after a reload the same file goes on where it was", async () => {
      using tree = new Tree();
      const big = tree.file("big.bin", randomBytes(SIZE));
      const folder = site().folder();
      await using person = (await start()) as ChromiumPerson;
      await person.logsIn(site(), folder);
      await person.picks([big], "button", "Upload files");
      const part = () => readdirSync(folder).find((name) => name.endsWith(".part")) ?? "";
      await until(
        "half of it",
        () => part() !== "" && statSync(join(folder, part())).size > SIZE / 2,
        30_000,
      );
      const noted = async () => Number(/"acknowledged":(\d+)/.exec(await person.traces())?.[1] ?? 0);
      await until("a note of most of that", async () => (await noted()) > SIZE * 0.4);
      let asked = "";
      person.page.on("dialog", (dialog) => {
        asked = dialog.type();
        void dialog.accept();
      });
      await person.page.reload();
      expect(asked).toBe("beforeunload");
      await person.sees("grid");
      await person.reads("1 upload was interrupted.");
      await person.picks([tree.file("other.bin", "")], "button", "Pick big.bin again");
      await person.reads("That is not “big.bin”, so nothing was uploaded.");
      const before = link().up.bytes;
      await person.picks([big], "button", "Pick big.bin again");
      await person.reads(DONE);
      expect(hashOf(join(folder, "big.bin"))).toBe(hashOf(big));
      expect(link().up.bytes - before).toBeLessThan(SIZE * 0.75);
      await person.misses("button", "Pick big.bin again");
      expect(readdirSync(folder)).toEqual(["big.bin"]);
    });

    test("a running upload is paused, resumed, cancelled and begun again, also after another login", async () => {
      using tree = new Tree();
      const big = tree.file("big.bin", randomBytes(SIZE));
      const folder = site().folder();
      await using person = (await start()) as ChromiumPerson;
      await person.logsIn(site(), folder);
      await person.picks([big], "button", "Upload files");
      await person.page.getByRole("button", { name: /1 transfer/ }).click();
      await until(
        "speed and time",
        async () => / left · .*\/s$/.test(await statusOf(person, "big.bin")),
        20_000,
      );
      await person.click("button", "Pause big.bin");
      await until("a pause", async () => /^Paused/.test(await statusOf(person, "big.bin")));
      // Requests that were under way go on for a moment.
      let held = 0;
      await until("a second without bytes", async () => {
        held = link().up.bytes;
        await person.page.waitForTimeout(1000);
        return link().up.bytes - held < 10_000;
      });
      await person.click("button", "Resume big.bin");
      await until("more", () => link().up.bytes - held > 1 << 20);
      await person.click("button", "Cancel big.bin");
      await until("an empty folder", () => readdirSync(folder).length === 0);
      await person.reads("Cancelled");
      await person.click("button", "Retry big.bin");
      await until("a new beginning", () => readdirSync(folder).length > 0);
      // The person stays after all, then leaves and comes back: the page still has the file.
      const leaves = async (answer: string) => {
        await person.click("button", /^Account/);
        await person.click("menuitem", "Log out");
        await person.sees("dialog", "Something is still under way");
        await person.click("button", answer);
        await person.misses("dialog");
      };
      await leaves("Cancel");
      const before = link().up.bytes;
      await until("more after the question", () => link().up.bytes - before > 1 << 20);
      await leaves("Log out");
      await person.fill("User", testUser().name);
      await person.fill("Password", testUser().password);
      await person.click("button", "Log in");
      await person.click("button", "Go on with big.bin");
      await person.misses("button", "Go on with big.bin");
      await person.reads(DONE);
      expect(hashOf(join(folder, "big.bin"))).toBe(hashOf(big));
    });

    test("a file that is gone from this device is told", async () => {
      using tree = new Tree();
      const big = tree.file("big.bin", randomBytes(SIZE));
      const folder = site().folder();
      await using person = (await start()) as ChromiumPerson;
      await person.logsIn(site(), folder);
      await person.picks([big], "button", "Upload files");
      await person.page.getByRole("button", { name: /1 transfer/ }).click();
      await until("a beginning", () => readdirSync(folder).length > 0);
      rmSync(big);
      await person.reads("The file has changed meanwhile, or cannot be read any more.");
      await person.sees("button", "Retry big.bin");
      // The browser says that the connection is lost, when it was to send a file that it cannot read.
      person.problems.length = 0;
    });

    // To mount something small takes root.
    test.skipIf(process.getuid?.() !== 0)("a full disk is told", async () => {
      using tree = new Tree();
      const big = tree.file("big.bin", randomBytes(SIZE));
      const small = site().folder();
      const { uid, gid } = testUser();
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=4m,uid=${uid},gid=${gid}`, "tmpfs", small]);
      try {
        await using person = (await start()) as ChromiumPerson;
        await person.logsIn(site(), small);
        await person.picks([big], "button", "Upload files");
        await person.page.getByRole("button", { name: /1 transfer/ }).click();
        await person.reads("There is no room left on the server.");
        await person.sees("button", "Retry big.bin");
      } finally {
        execFileSync("umount", [small]);
      }
    });
  },
  { link: { delay: 10, rate: 80e6 } },
);
