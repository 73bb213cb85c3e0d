/** Shows what an action has done, without reading the directory again, and leads the person there. */

import { type Entry, join, type NamedEntry, type SftpPath } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { focusList } from "../files/focus.ts";
import { keyOf } from "../files/listing.ts";
import { forEach } from "./batch.ts";
import { entryOf, look } from "./look.ts";
import { isSamePath } from "./paths.ts";

/** More are quicker to be had by reading the directory again. */
const MOST = 200;
const WIDTH = 16;

interface Change {
  /** What is there now, or is another than it was. */
  readonly there?: readonly NamedEntry[];
  readonly gone?: readonly NamedEntry[];
  /** Whether what is there is selected. */
  readonly select?: boolean;
}

/** Where the person is in another directory by now, there is nothing to show. */
export async function reveal(workspace: Workspace, directory: SftpPath, change: Change): Promise<void> {
  const { there = [], gone = [], select = there.length > 0 } = change;
  const isHere = () => isSamePath(workspace.path, directory);
  if (!isHere()) return;
  const next = gone.length ? neighbour(workspace, gone) : undefined;
  if (there.length > MOST) await workspace.listing.refresh();
  else {
    const found = await entriesOf(workspace, directory, there);
    if (isHere()) await workspace.listing.patch(gone.map(keyOf), found);
  }
  if (!isHere()) return;
  const { selection } = workspace;
  const [first, ...others] = there.map(keyOf);
  if (select && first !== undefined) {
    selection.only(first);
    if (others.length) selection.keys.value = new Set([first, ...others]);
  } else if (gone.length) {
    selection.clear();
    if (next !== undefined) selection.move(next);
  }
  returnFocus();
}

async function entriesOf(
  { client }: Workspace,
  directory: SftpPath,
  names: readonly NamedEntry[],
): Promise<Entry[]> {
  const found: Entry[] = [];
  const { signal } = new AbortController();
  const one = async (name: NamedEntry) => {
    const attributes = await look(client, join(directory, name), signal);
    if (attributes) found.push(entryOf(name, attributes));
  };
  await forEach(names, { width: WIDTH, signal }, (name) => join(directory, name), one);
  return found;
}

/** The row that takes the place of those that go: the next one that stays, or the last before. */
function neighbour({ rows }: Workspace, gone: readonly NamedEntry[]): string | undefined {
  const keys = new Set(gone.map(keyOf));
  const order = rows.shown.value.map(keyOf);
  const first = order.findIndex((key) => keys.has(key));
  const after = order.slice(Math.max(0, first)).find((key) => !keys.has(key));
  return after ?? order.slice(0, Math.max(0, first)).at(-1);
}

/** To the list, unless the person is writing something, or is asked something. */
export function returnFocus(): void {
  if (document.querySelector("dialog[open]")) return;
  if (document.activeElement?.matches("input, textarea, [contenteditable]")) return;
  focusList();
}
