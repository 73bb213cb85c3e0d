/** Tests of what a person does, in one browser or in both. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { ChromiumPerson } from "./chromium.ts";
import { FirefoxPerson } from "./firefox.ts";
import type { Person } from "./person.ts";
import { Site, type SiteOptions } from "./site.ts";

const BROWSERS = {
  chromium: (): Promise<Person> => ChromiumPerson.start(),
  firefox: (): Promise<Person> => FirefoxPerson.start(),
};
export type BrowserName = keyof typeof BROWSERS;

/** What the tests of a suite are given: a site for all of them, and a new person for each. */
export interface Meeting {
  /** What need not be seen in each of them is left out by this. */
  readonly browser: BrowserName;
  readonly site: () => Site;
  readonly start: () => Promise<Person>;
}

/** Runs a suite in each of the browsers, in front of one site. */
export function inBrowsers(
  names: readonly BrowserName[],
  suite: (meeting: Meeting) => void,
  options: SiteOptions = {},
): void {
  let site: Site | undefined;
  beforeAll(async () => {
    site = await Site.start(options);
  });
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
  });
  const theSite = () => {
    if (!site) throw new Error("the site is there while tests run, not before");
    return site;
  };
  for (const name of names)
    describe(name, () => {
      suite({ browser: name, site: theSite, start: BROWSERS[name] });
    });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeResult {
  readonly violations: readonly { id: string; help: string; nodes: readonly { html: string }[] }[];
}

/** No violation of WCAG 2.2 A and AA that axe finds on what is shown now, or on a part of it. Chromium only: the policy keeps other scripts out. */
export async function expectAccessible({ page }: ChromiumPerson, part?: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  // As the debugger, since the page's own policy has no room for foreign scripts. Once a document: it is half a megabyte.
  const { result: known } = await session.send("Runtime.evaluate", { expression: "typeof axe" });
  if (known.value === "undefined") await session.send("Runtime.evaluate", { expression: AXE });
  const expression = `axe.run(${part ? JSON.stringify(part) : "document"}, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`;
  const { result } = await session.send("Runtime.evaluate", {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  const { violations } = result.value as AxeResult;
  const told = violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ html }) => `  ${html}`).join("\n")}`,
  );
  expect(told.join("\n")).toBe("");
}
