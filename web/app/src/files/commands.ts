/** Commands for looking around. */

import {
  CornerLeftUp,
  Eye,
  FolderOpen,
  ListFilter,
  PencilLine,
  RefreshCw,
  SquareMenu,
  TextSelect,
  X,
} from "lucide-preact";
import type { Entry } from "sftpbridge-client";
import type { Command } from "../app/commands.ts";
import type { Workspace } from "../app/workspace.ts";
import { say } from "../ui/notices.tsx";
import { isEditingPath } from "./breadcrumbs.tsx";
import { focusFilter } from "./filter.tsx";
import { parentOf } from "./place.ts";
import { words } from "./words.ts";

/** The one that is selected; without a selection the one where the cursor is. */
function toOpen({ selected, rows, selection }: Workspace): Entry | undefined {
  const [entry, ...others] = selected.value;
  if (entry) return others.length ? undefined : entry;
  return rows.shown.value[rows.indexOf(selection.cursor.value)];
}

/** A link is followed. What is no directory is for other commands. */
async function open(workspace: Workspace): Promise<void> {
  const entry = toOpen(workspace);
  if (!entry) return;
  const path = workspace.pathOf(entry);
  let { type }: { type: string } = entry;
  if (type === "symlink") {
    const end = workspace.links.endOf(entry).value ?? (await workspace.links.resolve(path));
    if (end.type === "broken") return say(words().leadsNowhere);
    ({ type } = end);
  }
  if (type === "directory") return workspace.go(path);
  workspace.perform("open-file", "download");
}

export const explorationCommands: readonly Command[] = [
  {
    id: "open",
    label: () => words().open,
    icon: FolderOpen,
    keys: ["Enter"],
    menu: "open",
    available: (workspace) => toOpen(workspace) !== undefined,
    run: open,
  },
  {
    id: "up",
    label: () => words().up,
    icon: CornerLeftUp,
    keys: ["Backspace", "Alt+ArrowUp"],
    available: ({ path }) => parentOf(path) !== path,
    run: (workspace) => workspace.go(parentOf(workspace.path)),
  },
  {
    id: "edit-path",
    label: () => words().editPath,
    icon: PencilLine,
    keys: ["Ctrl+L"],
    toolbar: "more",
    available: () => true,
    run: () => {
      isEditingPath.value = true;
    },
  },
  {
    id: "filter",
    label: () => words().filter,
    icon: ListFilter,
    keys: ["Ctrl+F", "/"],
    available: () => true,
    run: focusFilter,
  },
  {
    id: "refresh",
    label: () => words().refresh,
    icon: RefreshCw,
    keys: ["Ctrl+Alt+R"],
    toolbar: "more",
    menu: "view",
    available: () => true,
    run: (workspace) => workspace.refresh(),
  },
  {
    id: "hidden",
    label: () => words().hidden,
    icon: Eye,
    keys: ["Ctrl+H"],
    toolbar: "more",
    menu: "view",
    available: () => true,
    checked: ({ rows }) => rows.hidden.value,
    run: ({ rows }) => {
      rows.hidden.value = !rows.hidden.value;
    },
  },
  {
    id: "select-all",
    label: () => words().selectAll,
    icon: TextSelect,
    keys: ["Ctrl+A"],
    toolbar: "more",
    available: ({ rows }) => rows.length > 0,
    run: ({ rows, selection }) => selection.all(rows),
  },
  {
    id: "select-none",
    label: () => words().selectNone,
    icon: X,
    keys: ["Escape"],
    available: ({ selection }) => selection.keys.value.size > 0,
    run: ({ selection }) => selection.none(),
  },
  {
    id: "context-menu",
    label: () => words().contextMenu,
    icon: SquareMenu,
    keys: ["Shift+F10", "ContextMenu"],
    available: () => true,
    run: (workspace) => workspace.contextMenu(),
  },
];
