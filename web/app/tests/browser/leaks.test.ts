/** What a login leaves behind in the page when it is over: nothing. In Chromium. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";

/** Logins before the first figures, for what is made once, and until the second ones. */
const FIRST = 3;
const MORE = 10;

inBrowsers(["chromium"], ({ site }) => {
  test("who logs out and in again and again has no more listeners, elements, workers and memory", async () => {
    const here = site().folder();
    for (let number = 0; number < 200; number++) writeFileSync(join(here, `file ${number}.txt`), "");
    await using person = await ChromiumPerson.start();
    const { page } = person;
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    await person.open(`${site().url}#${here}`);

    const visit = async () => {
      await person.fill("User", testUser().name);
      await person.fill("Password", testUser().password);
      await person.click("button", "Log in");
      await person.reads("200 entries");
      await person.press("Control+a");
      await person.press("Delete");
      await person.sees("dialog", /Delete 200/);
      await person.press("Escape");
      await person.misses("dialog");
      await person.click("button", /Account/);
      await person.click("menuitem", "Log out");
      await person.sees("button", "Log in");
    };
    const figures = async () => {
      await session.send("HeapProfiler.collectGarbage");
      const { metrics } = await session.send("Performance.getMetrics");
      return Object.fromEntries(metrics.map(({ name, value }) => [name, value])) as Record<string, number>;
    };
    for (let count = 0; count < FIRST; count++) await visit();
    const before = await figures();
    for (let count = 0; count < MORE; count++) await visit();
    await until("no worker is left", () => page.workers().length === 0);
    const after = await figures();
    const growth = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    // Less than one for each login, and 100 KB.
    expect([growth("JSEventListeners"), growth("Nodes")]).toSatisfy((counts: number[]) =>
      counts.every((count) => count < MORE),
    );
    expect(growth("JSHeapUsedSize")).toBeLessThan(MORE * 100_000);
  });
});
