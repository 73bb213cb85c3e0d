/** Downloads that fit into no memory: what they cost, and that they are whole. */

import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { testZip } from "../support/archives.ts";
import { inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { saves } from "../support/saved.ts";

const GIB = 2 ** 30;
/** Milliseconds for a browser to save so much. */
const LONG = 1_200_000;

/** Each 256 KiB begin with their place, so that none can be taken for another; the rest takes no room on the disk. */
function sparse(path: string, bytes: number): void {
  const file = openSync(path, "w");
  for (let at = 0; at < bytes; at += 1 << 18) writeSync(file, `from ${at}`, at);
  ftruncateSync(file, bytes);
  closeSync(file);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Bytes of all processes that draw pages. */
async function rendererMemory(person: ChromiumPerson): Promise<number> {
  const cdp = await person.context.browser()?.newBrowserCDPSession();
  const { processInfo = [] } = (await cdp?.send("SystemInfo.getProcessInfo")) ?? {};
  await cdp?.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  return renderers.reduce((sum, { id }) => sum + residentOf(id), 0);
}

/** 0 for a process that has ended. */
function residentOf(pid: number): number {
  try {
    return Number(/VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

inBrowsers(["chromium"], ({ site }) => {
  test("3 GiB are saved with the right hash, and the page grows by 250 MB at most", async () => {
    const folder = site().folder();
    sparse(join(folder, "large.bin"), 3 * GIB);
    await using person = await ChromiumPerson.start();
    await person.logsIn(site(), folder);
    person.page.setDefaultTimeout(LONG);
    await person.click("row", /large/);
    const before = await rendererMemory(person);
    expect(before).toBeGreaterThan(0);
    let most = 0;
    const timer = setInterval(async () => {
      most = Math.max(most, await rendererMemory(person).catch(() => 0));
    }, 500);
    const saved = await saves(person, () => person.click("button", "Download"));
    clearInterval(timer);
    expect(await sha256(saved.path)).toBe(await sha256(join(folder, "large.bin")));
    expect(most - before).toBeLessThan(250e6);
  });

  test("a zip of more than 4 GiB is whole", async () => {
    const folder = site().folder();
    sparse(join(folder, "large.bin"), 4200 * 2 ** 20);
    writeFileSync(join(folder, "small.txt"), "small");
    await using person = await ChromiumPerson.start();
    await person.logsIn(site(), folder);
    person.page.setDefaultTimeout(LONG);
    await person.press("Control+a");
    const saved = await saves(person, () => person.click("button", "Download"));
    testZip(saved.path);
  });
});
