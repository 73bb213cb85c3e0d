/** Two tabs of one browser: each has its own login, and what one does is not taken for the other's. In Chromium. */

import { randomBytes } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { hashOf, Tree } from "../support/trees.ts";

const SIZE = 6 << 20;

describe("the same file", () => {
  inBrowsers(
    ["chromium"],
    ({ site }) => {
      test("is uploaded by two tabs, and twice by one: none goes on with what another is writing", async () => {
        using tree = new Tree();
        const big = tree.file("big.bin", randomBytes(SIZE));
        const here = site().folder();
        const { link } = site();
        if (!link) throw new Error("a link was asked for");
        await using person = await ChromiumPerson.start();
        await person.logsIn(site(), here);
        const other = await person.inAnotherTab();
        await other.logsIn(site(), here);
        link.up.rate = 8e6;
        const parts = () => readdirSync(here).filter((name) => name.endsWith(".part"));
        await person.picks([big], "button", "Upload files");
        await until(
          "a third of it",
          () => parts().some((name) => statSync(join(here, name)).size > SIZE / 3),
          20_000,
        );
        await until(
          "a note",
          async () => Number(/"acknowledged":(\d+)/.exec(await person.traces())?.[1] ?? 0) > 0,
        );
        // Slow enough that all three are under way at once.
        link.up.rate = 2e6;
        await other.picks([big], "button", "Upload files");
        await person.picks([big], "button", "Upload files");
        await until("one of its own for each", () => parts().length === 3, 15_000);
        await other.page.getByRole("button", { name: /1 transfer/ }).click();
        await other.click("button", "Cancel big.bin");
        await until("one less", () => parts().length === 2);
        link.up.rate = Number.POSITIVE_INFINITY;
        await person.sees("dialog", "big.bin is there already");
        await person.press("Escape");
        await person.reads("All transfers are done");
        expect(readdirSync(here)).toEqual(["big.bin"]);
        expect(hashOf(join(here, "big.bin"))).toBe(hashOf(big));
      });
    },
    { link: {} },
  );
});
