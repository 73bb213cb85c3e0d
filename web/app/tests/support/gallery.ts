/** Files as people have them, in the home of the test user: what pictures of the page show. */

import { chmodSync, chownSync, mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testUser } from "../../../client/tests/support/user.ts";
import { png } from "./samples.ts";

/** Names, sizes in bytes, and seconds of their last change. A slash at the end makes a folder. */
const FILES: readonly (readonly [name: string, size: number, changed: number])[] = [
  ["Drawings/", 0, 1_788_100_000],
  ["Empty/", 0, 1_787_000_000],
  ["Letters/", 0, 1_785_500_000],
  ["Photographs/", 0, 1_789_300_000],
  ["Soundings/", 0, 1_784_000_000],
  ["Accounts 2025.xlsx", 48_212, 1_767_900_000],
  ["Boats and moorings.csv", 9_310, 1_788_700_000],
  ["Harbour at dawn.png", 3_481_600, 1_782_000_000],
  ["Harbour master’s log.md", 12_044, 1_789_900_000],
  ["Lighthouse plan.pdf", 1_204_871, 1_771_200_000],
  ["Pilot interview.mp3", 18_874_368, 1_777_000_000],
  ["Storm of 1953.mp4", 241_172_480, 1_760_000_000],
  ["Tide tables.txt", 5_120, 1_789_000_000],
  ["backup-2026-08.tar.gz", 73_400_320, 1_788_400_000],
  ["notices.html", 2_733, 1_786_100_000],
];

/** A sun above the sea. */
const dawn = () =>
  png(1200, 800, (x, y) => {
    const sun = Math.hypot((x - 0.62) * 1.5, y - 0.52);
    const glow = Math.max(0, 1 - sun * 1.6);
    if (y < 0.6 && sun < 0.09) return [255, 236, 196];
    if (y < 0.6) return [70 + 150 * glow + 60 * y, 90 + 90 * glow + 60 * y, 130 + 20 * glow];
    const wave = Math.sin(y * 260 + Math.sin(x * 18) * 3) * 9 * y;
    const path = Math.max(0, 1 - Math.abs(x - 0.62) * 6) * (1.1 - y);
    return [34 + 170 * path + wave, 62 + 110 * path + wave, 84 + 60 * path + wave].map((it) =>
      Math.max(0, Math.min(255, it)),
    ) as [number, number, number];
  });

const TIDES = Array.from({ length: 40 }, (_, day) => {
  const time = (minutes: number) =>
    [Math.floor(minutes / 60) % 24, minutes % 60].map((it) => String(it).padStart(2, "0")).join(":");
  return `day ${String(day + 1).padStart(2)}   low ${time(190 + day * 49)}   high ${time(565 + day * 49)}`;
}).join("\n");

/** What is in files that are looked into. The rest is empty, up to its size. */
const CONTENTS: Readonly<Record<string, () => string | Buffer>> = {
  "Harbour at dawn.png": dawn,
  "Tide tables.txt": () => `Tide tables, in local time\n\n${TIDES}\n`,
};

export class Gallery implements Disposable {
  readonly path: string;

  constructor() {
    const { uid, gid, home } = testUser();
    this.path = join(home, "Harbour archive");
    rmSync(this.path, { recursive: true, force: true });
    mkdirSync(this.path);
    chownSync(this.path, uid, gid);
    for (const [file, size, changed] of FILES) this.#add(file, size, changed);
    // As many as people have, where somebody looks at the picture.
    const soundings = process.env.SCREENSHOTS ? 100_000 : 1_000;
    for (let sounding = 1; sounding <= soundings; sounding++)
      writeFileSync(join(this.path, "Soundings", `Sounding ${sounding}.csv`), "");
    // Not to be read, nor written to, by the test user.
    const closed = join(this.path, "Private");
    mkdirSync(closed);
    chmodSync(closed, 0o700);
    utimesSync(closed, 1_780_000_000, 1_780_000_000);
  }

  #add(name: string, size: number, changed: number): void {
    const { uid, gid } = testUser();
    const path = join(this.path, name);
    if (name.endsWith("/")) mkdirSync(path);
    else writeFileSync(path, CONTENTS[name]?.() ?? "");
    if (size && !name.endsWith(".txt")) truncateSync(path, size);
    chownSync(path, uid, gid);
    utimesSync(path, changed, changed);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
