/** Large uploads from the page, and how fast they are on long and on narrow paths: a table, for people to judge. */

import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { inBrowsers } from "../support/browsers.ts";
import type { ChromiumPerson } from "../support/chromium.ts";
import { Tree } from "../support/trees.ts";
import { uploadsLarge } from "../support/upload-large.ts";

const say = (line: string) => process.stdout.write(`${line}\n`);
/** What clients with a fixed number of requests under way have. */
const FOUR = 4 * 32_768;
/** Round trips of reading a small folder again: OPENDIR, READDIR, READDIR. CLOSE is not waited for. */
const TRIPS = 3;

inBrowsers(["chromium"], ({ site, start }) => {
  test("1 GiB arrives, and costs no memory", async () => {
    await using person = (await start()) as ChromiumPerson;
    await uploadsLarge(person, site(), 1 << 30, 600);
  });
});

/** Milliseconds that the page takes to read its folder again, by the keyboard. */
async function refreshes(person: ChromiumPerson): Promise<number> {
  return person.page.evaluate(async () => {
    const grid = document.querySelector("[role=grid]");
    const began = performance.now();
    const busy = (wanted: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (grid?.getAttribute("aria-busy") !== wanted) return;
          observer.disconnect();
          resolve();
        };
        const observer = new MutationObserver(look);
        if (grid) observer.observe(grid, { attributes: true });
        look();
      });
    const key = { key: "r", ctrlKey: true, altKey: true, bubbles: true };
    document.body.dispatchEvent(new KeyboardEvent("keydown", key));
    await busy("true");
    await busy("false");
    return performance.now() - began;
  });
}

inBrowsers(
  ["chromium"],
  ({ site, start }) => {
    const paths = [
      { name: "100 ms, no limit", rtt: 100, rate: Number.POSITIVE_INFINITY, size: 256 << 20 },
      { name: "40 ms, 10 Mbit/s", rtt: 40, rate: 10e6, size: 20 << 20 },
    ];
    for (const { name, rtt, rate, size } of paths)
      test(`how fast an upload is: ${name}`, async () => {
        using tree = new Tree();
        const file = tree.file("big.bin", randomBytes(size));
        const folder = site().folder();
        const { link } = site();
        if (!link) throw new Error("the site has a link");
        await using person = (await start()) as ChromiumPerson;
        await person.logsIn(site(), folder);
        for (const way of [link.up, link.down]) Object.assign(way, { delay: rtt / 2, rate });
        const before = link.up.bytes;
        const sent = () => link.up.bytes - before;
        await person.picks([file], "button", "Upload files");
        await until("a tenth", () => sent() > size / 10, 300_000);
        const [began, from] = [performance.now(), sent()];
        const times: number[] = [];
        while (sent() < size * 0.9) {
          times.push((await refreshes(person)) / TRIPS);
          await person.page.waitForTimeout(100);
        }
        const speed = ((sent() - from) * 1000) / (performance.now() - began);
        await person.reads("All transfers are done");
        expect(times.length).toBeGreaterThan(2);
        const middle = times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
        const most = rate / 8;
        say(
          [
            name.padEnd(18),
            `${(speed / 1e6).toFixed(2)} MB/s`,
            `${(speed / (FOUR / (rtt / 1000))).toFixed(1)} x a client of 4 x 32 KiB`,
            Number.isFinite(most) ? `${((100 * speed) / most).toFixed(0)} % of the link` : "",
            `a request beside it takes ${middle.toFixed(0)} ms (p50)`,
          ].join("  "),
        );
      });
  },
  { link: {} },
);
