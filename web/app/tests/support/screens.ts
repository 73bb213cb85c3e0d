/** Each screen is looked at in both sets of colours, and narrow. Chromium only: see `expectAccessible`. */

import { expectAccessible } from "./browsers.ts";
import { ChromiumPerson } from "./chromium.ts";
import type { Person } from "./person.ts";

/** Colours on their way to others have no contrast to speak of. */
export const transitionsOver = async (): Promise<void> => {
  const running = document.getAnimations().filter((it) => it instanceof CSSTransition);
  await Promise.allSettled(running.map(({ finished }) => finished));
};
const WIDE = { width: 1280, height: 720 };
const NARROW = { width: 360, height: 700 };

export async function expectAccessibleInBothThemes(person: Person, part?: string): Promise<void> {
  if (!(person instanceof ChromiumPerson)) return;
  for (const colorScheme of ["light", "dark"] as const) {
    await person.page.emulateMedia({ colorScheme });
    await expectAccessible(person, part);
  }
  await person.page.emulateMedia({ colorScheme: null });
}

/** Leaves the page as wide as it is at first. */
export async function expectAccessibleInAllLooks(person: Person, part?: string): Promise<void> {
  if (!(person instanceof ChromiumPerson)) return;
  await expectAccessibleInBothThemes(person, part);
  await person.page.setViewportSize(NARROW);
  await expectAccessible(person, part);
  await person.page.setViewportSize(WIDE);
}
