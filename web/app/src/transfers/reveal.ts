/** Shows something in the folder where it is. */

import { effect, untracked } from "@preact/signals";
import type { Workspace } from "../app/workspace.ts";
import { keyOf } from "../files/listing.ts";
import type { RowInfo } from "./row.ts";

/** Goes there, and selects it when the folder has been read. */
export function reveal(workspace: Workspace, { folder, name }: Pick<RowInfo, "folder" | "name">): void {
  const { listing, selection } = workspace;
  const there = () => workspace.linkTo(listing.path.value) === workspace.linkTo(folder);
  if (there()) void listing.refresh();
  else workspace.go(folder);
  let left = false;
  const stop = effect(() => {
    const entries = listing.entries.value;
    if (left || listing.state.value !== "complete" || !there()) return;
    left = true;
    const found = entries.find((entry) => entry.name === name);
    if (found) untracked(() => selection.only(keyOf(found)));
    queueMicrotask(() => stop());
  });
}
