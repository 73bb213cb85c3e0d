/** Commands that change what is at the server. What they do is loaded when it is needed. */

import {
  ClipboardCopy,
  ClipboardPaste,
  Copy,
  CopyPlus,
  FilePlus,
  FolderPlus,
  Info,
  Link,
  Link2,
  Pencil,
  Scissors,
  Trash2,
} from "lucide-preact";
import type { Command } from "../app/commands.ts";
import type { Workspace } from "../app/workspace.ts";
import { keyOf } from "../files/listing.ts";
import { needsHttps } from "../session/secure.ts";
import { commandWords } from "./command-words.ts";

const hasSelected = ({ selected }: Workspace) => selected.value.length > 0;
const hasNoneSelected = ({ selected }: Workspace) => selected.value.length === 0;
const hasOneSelected = ({ selected }: Workspace) => selected.value.length === 1;

export const actionCommands: readonly Command[] = [
  {
    id: "cut",
    label: () => commandWords().cut,
    icon: Scissors,
    keys: ["Ctrl+X"],
    toolbar: "selection",
    menu: "clipboard",
    available: hasSelected,
    run: async (workspace) => (await import("./clipboard.ts")).take(workspace, "move"),
  },
  {
    id: "copy",
    label: () => commandWords().copy,
    icon: Copy,
    keys: ["Ctrl+C"],
    toolbar: "selection",
    menu: "clipboard",
    available: hasSelected,
    run: async (workspace) => (await import("./clipboard.ts")).take(workspace, "copy"),
  },
  {
    id: "paste",
    label: () => commandWords().paste,
    icon: ClipboardPaste,
    keys: ["Ctrl+V"],
    byEvent: true,
    toolbar: "primary",
    menu: "clipboard",
    available: ({ actions }) => actions.clip.value !== undefined,
    run: async (workspace) => (await import("./clipboard.ts")).paste(workspace),
  },
  {
    id: "duplicate",
    label: () => commandWords().duplicate,
    icon: CopyPlus,
    keys: ["Ctrl+D"],
    menu: "clipboard",
    available: hasSelected,
    run: async (workspace) => {
      const { path: directory, selected } = workspace;
      const { copy } = await import("./copy.ts");
      await copy(workspace, { directory, entries: selected.value }, directory);
    },
  },
  {
    id: "copy-path",
    label: () => commandWords().copyPath,
    icon: ClipboardCopy,
    toolbar: "more",
    menu: "clipboard",
    available: () => needsHttps() ?? true,
    run: async (workspace) => (await import("./clipboard.ts")).copyPaths(workspace),
  },
  {
    id: "copy-link",
    label: () => commandWords().copyLink,
    icon: Link2,
    toolbar: "more",
    menu: "clipboard",
    available: (workspace) => hasNoneSelected(workspace) && (needsHttps() ?? true),
    run: async (workspace) => (await import("./clipboard.ts")).copyLink(workspace),
  },
  {
    id: "new-folder",
    label: () => commandWords().newFolder,
    icon: FolderPlus,
    keys: ["Ctrl+Alt+N"],
    toolbar: "primary",
    menu: "change",
    available: () => true,
    run: async (workspace) => (await import("./make.tsx")).makeFolder(workspace),
  },
  {
    id: "new-file",
    label: () => commandWords().newFile,
    icon: FilePlus,
    toolbar: "more",
    menu: "change",
    available: hasNoneSelected,
    run: async (workspace) => (await import("./make.tsx")).makeFile(workspace),
  },
  {
    id: "new-link",
    label: () => commandWords().newLink,
    icon: Link,
    toolbar: "more",
    menu: "change",
    available: ({ selected }) => selected.value.length <= 1,
    run: async (workspace) => (await import("./make.tsx")).makeLink(workspace),
  },
  {
    id: "rename",
    label: () => commandWords().rename,
    icon: Pencil,
    keys: ["F2"],
    toolbar: "selection",
    menu: "change",
    available: hasOneSelected,
    run: ({ selected, renaming }) => {
      const [entry] = selected.value;
      if (entry) renaming.value = keyOf(entry);
    },
  },
  {
    id: "delete",
    label: () => commandWords().delete,
    icon: Trash2,
    keys: ["Delete"],
    toolbar: "selection",
    menu: "change",
    danger: true,
    available: hasSelected,
    run: async (workspace) => (await import("./delete.tsx")).deleteSelected(workspace),
  },
  {
    id: "properties",
    label: () => commandWords().properties,
    icon: Info,
    keys: ["Alt+Enter"],
    toolbar: "more",
    menu: "view",
    available: () => true,
    run: async (workspace) => (await import("./properties/properties.tsx")).showProperties(workspace),
  },
];
