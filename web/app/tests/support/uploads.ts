/** What people do with files from their desktop, and what the page then has. */

import type { ChromiumPerson } from "./chromium.ts";
import type { Person } from "./person.ts";

/** Drags from the desktop over something of the page; `drop` is the end of it. Chromium only. */
export async function drags(
  { page, context }: ChromiumPerson,
  files: readonly string[],
  over: string | RegExp | undefined,
  drop = true,
): Promise<void> {
  const place = over === undefined ? page.getByRole("grid") : page.getByRole("row", { name: over });
  const box = await place.boundingBox();
  if (!box) throw new Error(`nothing to drop on: ${over}`);
  const session = await context.newCDPSession(page);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", ...(drop ? (["drop"] as const) : [])] as const)
    await session.send("Input.dispatchDragEvent", { type, x, y, data });
}

/** Files of the clipboard, by their names and texts. */
export async function pastes(person: Person, files: Record<string, string>): Promise<void> {
  await person.evaluate((files) => {
    const clipboardData = new DataTransfer();
    for (const [name, text] of Object.entries(files)) clipboardData.items.add(new File([text], name));
    // In Firefox the files of a ClipboardEvent that a script makes are not to be had.
    const event = new Event("paste", { bubbles: true, cancelable: true });
    document.body.dispatchEvent(Object.assign(event, { clipboardData }));
  }, files);
}

/** What the page's list of transfers says of the one with this name. */
export async function statusOf(person: Person, name: string): Promise<string> {
  return person.evaluate((name) => {
    const items = [...document.querySelectorAll(".transfer")];
    const item = items.find((it) => it.querySelector("strong")?.textContent === name);
    return item?.querySelector(".transfer-status")?.textContent ?? "";
  }, name);
}
