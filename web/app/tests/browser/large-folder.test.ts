/** A large folder at the end of a link of 50 ms: rows at once, and few of them. How fast it is, a test of tests/long has. */

import { test } from "vitest";
import { inBrowsers } from "../support/browsers.ts";
import { walksThrough } from "../support/large-folder.ts";

inBrowsers(
  ["chromium"],
  ({ site, start }) => {
    test("20,000 entries: rows before all are there, few of them, and all can be reached", async () => {
      await using person = await start();
      await walksThrough(person, site(), 20_000);
    });
  },
  { link: { delay: 25 } },
);
