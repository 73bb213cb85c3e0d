/** Commands that bring files to this device. */

import { Download, FolderDown } from "lucide-preact";
import type { Entry } from "sftpbridge-client";
import type { Command } from "../app/commands.ts";
import type { Workspace } from "../app/workspace.ts";
import { needsHttps } from "../session/secure.ts";
import { words } from "./command-words.ts";

/** Files and folders of this device; some browsers have no way to pick them for writing, and none in frames of others. */
const canPick = () =>
  "showSaveFilePicker" in globalThis && "showDirectoryPicker" in globalThis && !isFramedByOthers();

/** Browsers that do not tell have no pickers either. */
const isFramedByOthers = () => [...(location.ancestorOrigins ?? [])].some((it) => it !== location.origin);
const whyNoPick = () => ("webkitRequestFileSystem" in globalThis ? needsHttps() : undefined);
const room = () => import("./downloading.ts");

/** Pipes and devices have no end, and may answer never. */
const isReadable = ({ type }: Entry) => type !== "other";

function available({ selected }: Workspace): boolean | string {
  if (!selected.value.length) return false;
  return selected.value.some(isReadable) || words().noFile;
}

export const downloadCommands: readonly Command[] = [
  {
    id: "download",
    label: () => words().download,
    icon: Download,
    keys: ["Ctrl+Alt+D"],
    toolbar: "selection",
    menu: "transfer",
    available,
    run: async (workspace) => {
      const { path, selected } = workspace;
      const chosen = selected.value;
      await (await room()).download(workspace, chosen, path);
    },
  },
  {
    id: "download-to",
    label: () => words().downloadTo,
    icon: FolderDown,
    menu: "transfer",
    available: (workspace) => {
      const is = available(workspace);
      return canPick() ? is : is !== false && (whyNoPick() ?? false);
    },
    run: async (workspace) => {
      const { path, selected } = workspace;
      const chosen = selected.value;
      await (await room()).downloadTo(workspace, chosen, path);
    },
  },
];
