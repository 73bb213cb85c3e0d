/** Cut, copy and paste within the page. */

import type { Workspace } from "../app/workspace.ts";
import { fail, say } from "../ui/notices.tsx";
import type { Clip } from "./actions.ts";
import { copy } from "./copy.ts";
import { move } from "./move.ts";
import { pasteable } from "./paths.ts";
import { words } from "./words.ts";

export function take(workspace: Workspace, how: Clip["how"]): void {
  const entries = workspace.selected.value;
  workspace.actions.clip.value = { how, directory: workspace.path, entries };
  say(how === "move" ? words().cutNow(entries) : words().copiedNow(entries));
  // The paths, for other programs; and files that the system's clipboard may hold are not what is pasted next.
  const paths = entries.map((entry) => pasteable(workspace.pathOf(entry))).join("\n");
  navigator.clipboard?.writeText(paths).catch(() => {
    // Then the page has its own alone.
  });
}

export async function paste(workspace: Workspace): Promise<void> {
  const { clip } = workspace.actions;
  const load = clip.value;
  if (!load) return;
  const to = workspace.path;
  if (load.how === "copy") return copy(workspace, load, to);
  // What was cut is there once.
  if (clip.value !== load) return;
  clip.value = undefined;
  await move(workspace, load, to);
}

/** Of what is selected, or of the folder. */
export function copyPaths(workspace: Workspace): Promise<void> {
  const { path, selected } = workspace;
  const paths = selected.value.length ? selected.value.map((entry) => workspace.pathOf(entry)) : [path];
  return writeText(paths.map(pasteable).join("\n"), words().pathCopied);
}

export function copyLink(workspace: Workspace): Promise<void> {
  const link = new URL(workspace.linkTo(workspace.path), location.href);
  return writeText(link.href, words().linkCopied);
}

async function writeText(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(done);
  } catch (error) {
    fail(words().notCopiedText, error);
  }
}
