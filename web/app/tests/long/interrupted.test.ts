/** 512 MiB each way over a link that is cut three times: one login, the same bytes, and little of it sent twice. */

import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { inBrowsers } from "../support/browsers.ts";
import type { ChromiumPerson } from "../support/chromium.ts";
import { readLarge, writeLarge } from "../support/large.ts";
import { saves } from "../support/saved.ts";
import { Tree } from "../support/trees.ts";

const SIZE = 512 << 20;
const [RATE, DELAY] = [200e6, 10];
/** The window that this path asks for: its round trip and 50 ms, at its rate. */
const WINDOW = (RATE / 8) * (2 * DELAY + 50) * 0.001;
/** Headers of packets and frames, and everything that carries no byte of a file. */
const OVERHEAD = 0.001;
const CUTS = 3;

inBrowsers(
  ["chromium"],
  ({ site, start }) => {
    test("512 MiB go up and come down again, and each way is cut three times", async () => {
      using tree = new Tree();
      const file = join(tree.path, "big.bin");
      const wanted = writeLarge(file, SIZE);
      const folder = site().folder();
      const { link } = site();
      if (!link) throw new Error("the site has a link");
      await using person = (await start()) as ChromiumPerson;
      person.page.setDefaultTimeout(300_000);
      await person.logsIn(site(), folder);
      const logins = () => site().sshd.log.match(/Accepted password/g)?.length;
      const once = logins();
      const cuts = async (way: typeof link.up) => {
        const before = way.bytes;
        for (let cut = 1; cut <= CUTS; cut++) {
          await until(`cut ${cut}`, () => way.bytes - before > (cut * SIZE) / (CUTS + 1), 120_000);
          link.cut();
        }
        return before;
      };
      const resent = (way: typeof link.up, before: number, name: string) => {
        const bytes = way.bytes - before - SIZE * (1 + OVERHEAD);
        process.stdout.write(`512 MiB ${name}, cut ${CUTS} times: ${(bytes / 1e6).toFixed(2)} MB too many\n`);
        expect(bytes).toBeLessThanOrEqual(CUTS * (WINDOW + 65_536));
      };

      await person.picks([file], "button", "Upload files");
      const sentBefore = await cuts(link.up);
      await person.page.getByText(/All transfers are done/).waitFor();
      resent(link.up, sentBefore, "up");
      expect(statSync(join(folder, "big.bin")).size).toBe(SIZE);
      expect(await readLarge(join(folder, "big.bin"))).toBe(wanted);

      await person.click("row", /big/);
      let before = 0;
      const saved = await saves(person, async () => {
        const cutting = cuts(link.down);
        await person.click("button", "Download");
        before = await cutting;
      });
      expect(await readLarge(saved.path)).toBe(wanted);
      resent(link.down, before, "down");
      expect(logins()).toBe(once);
      person.problems.splice(
        0,
        person.problems.length,
        ...person.problems.filter((problem) => !/WebSocket/.test(problem)),
      );
    });
  },
  { link: { delay: DELAY, rate: RATE } },
);
