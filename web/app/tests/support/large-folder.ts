/** A folder of very many entries at the end of a slow link: that few rows of it exist, and how long things take. */

import { execFileSync } from "node:child_process";
import { expect } from "vitest";
import type { Person } from "./person.ts";
import type { Site } from "./site.ts";

const STEPS = ["sort by size", "sort by name", "filter", "no filter", "select all"] as const;

/** Milliseconds. */
export interface Figures {
  /** Until there are rows, and until there are all. */
  readonly first: number;
  readonly all: number;
  /** The longest frame meanwhile. */
  readonly longest: number;
  readonly steps: Readonly<Record<string, number>>;
}

/** Goes to a folder, and looks at each frame what is there. */
const arrive = (person: Person, folder: string) =>
  person.evaluate(async (path: string) => {
    const grid = document.querySelector("[role=grid]") as HTMLElement;
    const [figures, start] = [
      { first: 0, all: 0, rows: 0, entriesAtFirst: 0, longest: 0 },
      performance.now(),
    ];
    location.hash = path;
    await new Promise((done) => addEventListener("hashchange", done, { once: true }));
    for (let last = performance.now(); !figures.all; ) {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      const rows = grid.querySelectorAll(".row").length;
      const count = Number(grid.getAttribute("aria-rowcount")) - 1;
      figures.longest = Math.max(figures.longest, now - last);
      figures.rows = Math.max(figures.rows, rows);
      if (rows && !figures.first) Object.assign(figures, { first: now - start, entriesAtFirst: count });
      if (rows && grid.getAttribute("aria-busy") === "false") figures.all = now - start;
      last = now;
    }
    return { ...figures, entries: Number(grid.getAttribute("aria-rowcount")) - 1 };
  }, folder);

/** How long it takes from something that is pressed or typed to the frame that shows it. */
const timed = (person: Person, what: (typeof STEPS)[number]) =>
  person.evaluate(async (what: string) => {
    const grid = document.querySelector("[role=grid]") as HTMLElement;
    const filter = document.querySelector("input[type=search]") as HTMLInputElement;
    const state = () =>
      document.body.textContent + [...grid.querySelectorAll("[aria-sort]")].map((it) => it.ariaSort);
    const before = state();
    const start = performance.now();
    if (what.startsWith("sort"))
      grid.querySelector<HTMLElement>(`.columns .${what.slice(8)} button`)?.click();
    else if (what === "select all") grid.querySelector<HTMLElement>(".columns input")?.click();
    else {
      filter.value = what === "filter" ? "77" : "";
      filter.dispatchEvent(new Event("input", { bubbles: true }));
    }
    do await new Promise(requestAnimationFrame);
    while (state() === before);
    return Math.round(performance.now() - start);
  }, what);

/** Walks through it, and expects what does not depend on how fast the machine is. */
export async function walksThrough(person: Person, site: Site, count: number): Promise<Figures> {
  const folder = site.folder();
  const make = `mkdir big && cd big && seq -f 'file %.0f.txt' ${count} | tr '\\n' '\\0' | xargs -0 touch`;
  execFileSync("sh", ["-c", make], { cwd: folder });
  await person.logsIn(site, folder);
  await person.sees("row", /^big/);

  const { entries, entriesAtFirst, rows, ...times } = await arrive(person, `${folder}/big`);
  expect(entries).toBe(count);
  expect(entriesAtFirst).toBeLessThan(count / 10);
  expect(rows).toBeLessThanOrEqual(80);
  const steps: Record<string, number> = {};
  for (const step of STEPS) steps[step] = await timed(person, step);
  await person.reads(`${count.toLocaleString("en-GB")} selected`);

  // To the last row, by the keyboard, and half the way back by the scrollbar.
  await person.press("Home");
  await person.press("End");
  await person.sees("row", new RegExp(`^file ${count}\\.txt`));
  await person.evaluate(() => {
    const grid = document.querySelector("[role=grid]") as HTMLElement;
    grid.scrollTop = grid.scrollHeight / 2;
  }, undefined);
  // By names, as people order them.
  await person.sees("row", new RegExp(`^file ${count / 2}\\.txt`));
  const shown = () => document.querySelectorAll("[role=grid] .row").length;
  expect(await person.evaluate(shown, undefined)).toBeLessThanOrEqual(80);
  return { ...times, steps };
}
