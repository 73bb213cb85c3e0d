/** Commands for uploads. */

import { ArrowUpDown, FolderUp, Upload } from "lucide-preact";
import type { Command } from "../app/commands.ts";
import type { Workspace } from "../app/workspace.ts";
import { commandWords } from "./command-words.ts";

async function pickAndUpload(workspace: Workspace, isFolder: boolean): Promise<void> {
  const { path } = workspace;
  const { pick, upload } = await import("./uploading.ts");
  pick(isFolder, (gifts) => upload(workspace, gifts, path));
}

export const transferCommands: readonly Command[] = [
  {
    id: "upload",
    label: () => commandWords().upload,
    icon: Upload,
    keys: ["Ctrl+Alt+U"],
    toolbar: "primary",
    available: () => true,
    run: (workspace) => pickAndUpload(workspace, false),
  },
  {
    id: "upload-folder",
    label: () => commandWords().uploadFolder,
    icon: FolderUp,
    toolbar: "primary",
    available: () => true,
    run: (workspace) => pickAndUpload(workspace, true),
  },
  {
    id: "transfers",
    label: () => commandWords().transfers,
    icon: ArrowUpDown,
    keys: ["Ctrl+Alt+P"],
    toolbar: "more",
    available: ({ transfers }) => transfers.rows.value.length > 0,
    checked: ({ transfers }) => transfers.open.value,
    run: ({ transfers: { open } }) => {
      open.value = !open.value;
    },
  },
];
