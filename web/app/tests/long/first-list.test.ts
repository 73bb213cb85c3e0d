/** From the moment that the bridge says `ready` to a list that a person can use. The figure is printed. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers } from "../support/browsers.ts";

/** Milliseconds. */
const USABLE = 1_000;
/** For machines that do other things, too. */
const SLACK = 4;

inBrowsers(["chromium", "firefox"], ({ site, start }) => {
  test("a list of a thousand entries is there soon after the login", async () => {
    const folder = site().folder();
    for (let entry = 0; entry < 1000; entry++) writeFileSync(join(folder, `${entry}.txt`), "");
    await using person = await start();
    const { name, password } = testUser();
    await person.open(`${site().url}#${folder}`);
    await person.fill("User", name);
    await person.fill("Password", password);
    await person.evaluate(() => {
      const look = () => {
        const grid = document.querySelector("[role=grid][aria-busy=false]");
        if (grid?.querySelector(".row")) document.body.dataset.usable ??= String(Date.now());
        requestAnimationFrame(look);
      };
      look();
    }, undefined);
    await person.click("button", "Log in");
    await person.sees("row", /^0\.txt/);
    await person.reads(/1,000 entries/);
    const usable = Number(await person.evaluate(() => document.body.dataset.usable, undefined));
    const [ready] = [...site().bridge.log.matchAll(/^(\S+) .*event=session_start/gm)].at(-1)?.slice(1) ?? [];
    const took = usable - Date.parse(ready ?? "");
    process.stdout.write(`from ready to 1,000 entries: ${took} ms\n`);
    expect(took).toBeGreaterThan(0);
    expect(took).toBeLessThan(SLACK * USABLE);
  });
});
