/** One large upload, and what it costs the browser. */

import { statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { ChromiumPerson } from "./chromium.ts";
import { heapOf } from "./heap.ts";
import { readLarge, writeLarge } from "./large.ts";
import type { Site } from "./site.ts";
import { Tree } from "./trees.ts";

const ALLOWED = 64 << 20;

/** The same bytes arrive, and scripts hold at no time 64 MiB more than before. */
export async function uploadsLarge(
  person: ChromiumPerson,
  site: Site,
  size: number,
  seconds: number,
): Promise<void> {
  using tree = new Tree();
  const path = join(tree.path, "large.bin");
  const wanted = writeLarge(path, size);
  const folder = site.folder();
  await person.logsIn(site, folder);
  const heap = await heapOf(person);
  const before = await heap();
  let most = 0;
  await person.picks([path], "button", "Upload files");
  const done = person.page.getByText("All transfers are done").waitFor({ timeout: seconds * 1000 });
  let over = false;
  void done
    .catch(() => {})
    .then(() => {
      over = true;
    });
  while (!over) {
    most = Math.max(most, (await heap()) - before);
    await person.page.waitForTimeout(500);
  }
  await done;
  expect(most).toBeLessThanOrEqual(ALLOWED);
  expect(statSync(join(folder, "large.bin")).size).toBe(size);
  expect(await readLarge(join(folder, "large.bin"))).toBe(wanted);
}
