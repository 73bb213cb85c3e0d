/** Commands to look into files, and to edit them. */

import { FilePenLine, FileSearch } from "lucide-preact";
import type { Entry } from "sftpbridge-client";
import type { Command } from "../app/commands.ts";
import type { Workspace } from "../app/workspace.ts";
import { ahead } from "../ui/later.tsx";
import { words } from "./command-words.ts";

const preview = ahead(() => import("./preview.tsx"));
const editor = ahead(() => import("./editor.tsx"));

/** The one that is selected; without a selection the one where the cursor is. */
function chosen({ selected, rows, selection }: Workspace): Entry | undefined {
  const [entry, ...others] = selected.value;
  if (entry) return others.length ? undefined : entry;
  return rows.shown.value[rows.indexOf(selection.cursor.value)];
}

/** Where a link leads is found out when it is opened. */
function available(workspace: Workspace): boolean | string {
  const entry = chosen(workspace);
  if (!entry || entry.type === "directory") return false;
  return entry.type !== "other" || words().noFile;
}

export const previewCommands: readonly Command[] = [
  {
    id: "open-file",
    label: () => words().open,
    icon: FileSearch,
    keys: ["F3"],
    menu: "open",
    available,
    async run(workspace) {
      const { path: folder, rows } = workspace;
      const entry = chosen(workspace);
      const beside = rows.shown.value;
      if (entry) await (await preview()).preview(workspace, folder, entry, beside);
    },
  },
  {
    id: "edit-file",
    label: () => words().edit,
    icon: FilePenLine,
    keys: ["F4"],
    menu: "open",
    available,
    async run(workspace) {
      const entry = chosen(workspace);
      const path = entry && workspace.pathOf(entry);
      if (path) await (await editor()).edit(workspace, path);
    },
  },
];
