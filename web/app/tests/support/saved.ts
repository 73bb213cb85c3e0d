/** Files that a browser saves. */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../../client/tests/support/process.ts";
import { ChromiumPerson } from "./chromium.ts";
import { DOWNLOADS } from "./firefox.ts";
import type { Person } from "./person.ts";

export interface Saved {
  /** As the browser wants to call it. */
  readonly name: string;
  readonly path: string;
}

/** Does something, and waits until what comes of it is saved. */
export async function saves(person: Person, action: () => Promise<void>): Promise<Saved> {
  if (person instanceof ChromiumPerson) {
    const [download] = await Promise.all([person.page.waitForEvent("download"), action()]);
    return { name: download.suggestedFilename(), path: await download.path() };
  }
  const before = new Set(readdirSync(DOWNLOADS));
  await action();
  let name: string | undefined;
  let size = -1;
  await until("Firefox to have saved it", () => {
    const names = readdirSync(DOWNLOADS);
    name = names.find((it) => !before.has(it) && !it.endsWith(".part"));
    if (!name || names.some((it) => it.endsWith(".part"))) return false;
    const last = size;
    size = statSync(join(DOWNLOADS, name)).size;
    return size === last;
  });
  return { name: name ?? "", path: join(DOWNLOADS, name ?? "") };
}
