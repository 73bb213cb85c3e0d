/** The looks that a page has: colours, widths and directions. Each screen is looked at in each of them. */

import type { BrowserContextOptions } from "playwright-core";
import { expect } from "vitest";
import { expectAccessible } from "./browsers.ts";
import { ChromiumPerson } from "./chromium.ts";
import { transitionsOver } from "./screens.ts";

export interface Look {
  readonly name: string;
  readonly schemes: readonly ("light" | "dark")[];
  readonly context: BrowserContextOptions;
  /** As the page keeps it. */
  readonly language?: string;
  /** Whether nothing may stick out of a narrow window, too. */
  readonly isNarrowedToo?: boolean;
}

const wide = { viewport: { width: 1280, height: 800 } };
const narrow = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

export const LOOKS: readonly Look[] = [
  { name: "wide", schemes: ["light", "dark"], context: wide },
  { name: "narrow", schemes: ["light"], context: narrow },
  { name: "right-to-left", schemes: ["light"], context: wide, language: "ar-XB", isNarrowedToo: true },
];

/** Someone whose browser is like that. */
export async function startsWith({ context, language }: Look): Promise<ChromiumPerson> {
  const person = await ChromiumPerson.start(context);
  if (language) await person.page.addInitScript((it) => localStorage.setItem("language", it), language);
  return person;
}

/** Nothing is inaccessible, nothing sticks out; `picture` is called in each set of colours. */
export async function expectGoodLooks(
  person: ChromiumPerson,
  { schemes, isNarrowedToo }: Look,
  picture: (scheme: "light" | "dark") => Promise<unknown>,
): Promise<void> {
  const { page } = person;
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(transitionsOver);
    await picture(colorScheme);
    await expectAccessible(person);
  }
  expect(await page.evaluate(whatSticksOut)).toEqual([]);
  if (!isNarrowedToo) return;
  await page.setViewportSize(narrow.viewport);
  expect(await page.evaluate(whatSticksOut)).toEqual([]);
  await page.setViewportSize(wide.viewport);
}

/** Of the page beyond the window, and of words beyond their button. */
function whatSticksOut(): string[] {
  const root = document.documentElement;
  const found = root.scrollWidth > root.clientWidth ? [`the page is ${root.scrollWidth} px wide`] : [];
  for (const it of document.querySelectorAll<HTMLElement>("button, a.button, legend, h1, h2, h3")) {
    const isClipped = getComputedStyle(it).textOverflow === "ellipsis";
    if (it.checkVisibility() && !it.matches(".unseen") && !isClipped && it.scrollWidth > it.clientWidth + 1)
      found.push(it.outerHTML.slice(0, 200));
  }
  return found;
}
