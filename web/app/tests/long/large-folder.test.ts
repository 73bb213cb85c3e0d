/** A folder of 100,000 entries at the end of a link of 50 ms: how long things take. Figures are printed. */

import { expect, test } from "vitest";
import { inBrowsers } from "../support/browsers.ts";
import { walksThrough } from "../support/large-folder.ts";

/** Milliseconds. */
const FIRST = 500;
const ALL = 5_000;
const STEP = 300;
/** For machines that do other things, too. */
const SLACK = 4;

inBrowsers(
  ["chromium"],
  ({ site, start }) => {
    test("100,000 entries: the first at once, and nothing takes long", async () => {
      await using person = await start();
      const { first, all, longest, steps } = await walksThrough(person, site(), 100_000);
      process.stdout.write(`100,000 entries, 50 ms: ${JSON.stringify({ first, all, longest, ...steps })}\n`);
      expect(first).toBeLessThan(SLACK * FIRST);
      expect(all).toBeLessThan(SLACK * ALL);
      for (const [step, time] of Object.entries(steps)) expect(time, step).toBeLessThan(SLACK * STEP);
    });
  },
  { link: { delay: 25 } },
);
