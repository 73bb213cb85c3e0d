/**
 * What a new person does: a folder of photos goes up, the network is away for 20 s meanwhile, the folder comes down as a zip
 * and is deleted. With SCREENSHOTS=FOLDER each step has its picture there.
 */

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { testZip, Unpacked } from "../support/archives.ts";
import { inBrowsers } from "../support/browsers.ts";
import type { ChromiumPerson } from "../support/chromium.ts";
import { saves } from "../support/saved.ts";
import { contentsOf, Tree } from "../support/trees.ts";

const PHOTOS = 12;
const SIZE = 2 << 20;
const AWAY = 20_000;

inBrowsers(
  ["chromium"],
  ({ site, start }) => {
    test("a folder of photos goes up over a lost network, comes down as a zip, and is deleted", async () => {
      using tree = new Tree();
      for (let photo = 1; photo <= PHOTOS; photo++)
        tree.file(`Holiday/${photo > 8 ? "beach/" : ""}IMG_${photo}.jpg`, randomBytes(SIZE));
      const folder = site().folder();
      const { link } = site();
      if (!link) throw new Error("the site has a link");
      await using person = (await start()) as ChromiumPerson;
      person.page.setDefaultTimeout(120_000);
      let step = 0;
      const picture = async (name: string) => {
        const { SCREENSHOTS } = process.env;
        step += 1;
        if (SCREENSHOTS) await person.page.screenshot({ path: join(SCREENSHOTS, `${step}-${name}.png`) });
      };

      await person.logsIn(site(), folder);
      await picture("empty");
      const before = link.up.bytes;
      await person.picks([join(tree.path, "Holiday")], "button", "Upload a folder");
      await until("a third", () => link.up.bytes - before > (PHOTOS * SIZE) / 3, 60_000);
      await picture("under-way");
      link.accepting = false;
      link.cut();
      await person.reads(/The connection was lost/);
      await picture("lost");
      await person.page.waitForTimeout(AWAY);
      await picture("still-lost");
      link.accepting = true;
      await person.reads(/All transfers are done/);
      await person.sees("row", /^Holiday/);
      await picture("done");
      expect(contentsOf(join(folder, "Holiday"))).toEqual(contentsOf(join(tree.path, "Holiday")));

      await person.click("row", /^Holiday/);
      const saved = await saves(person, () => person.click("button", "Download"));
      expect(saved.name).toBe("Holiday.zip");
      testZip(saved.path);
      using unpacked = new Unpacked(saved.path);
      const names = (path: string) => contentsOf(path).map((line) => line.split(" ").slice(0, -1).join(" "));
      expect(names(unpacked.path)).toEqual(names(tree.path));
      await picture("downloaded");

      await person.press("Delete");
      await person.sees("dialog", /Delete “.Holiday.”\?/);
      await picture("delete");
      await person.click("button", "Delete for good");
      await person.misses("row", /^Holiday/);
      await until("the folder to be gone", () => !existsSync(join(folder, "Holiday")));
      await picture("deleted");
      person.problems.splice(
        0,
        person.problems.length,
        ...person.problems.filter((problem) => !/WebSocket/.test(problem)),
      );
    });
  },
  { link: { delay: 20, rate: 30e6 } },
);
