/** Commands as menus. */

import { type MenuGroups, openMenu } from "../ui/menu.tsx";
import { COMMANDS } from "./all-commands.ts";
import type { Command } from "./commands.ts";
import { reason, run } from "./run.ts";
import { shownKeys } from "./shortcuts.ts";
import type { Workspace } from "./workspace.ts";

const GROUPS = ["open", "transfer", "clipboard", "change", "view"] as const;

const toItem = (workspace: Workspace) => (command: Command) => ({
  label: command.label(),
  icon: command.icon,
  keys: command.keys?.[0],
  shownKeys: shownKeys(command.keys?.[0]),
  unavailable: reason(command, workspace),
  checked: command.checked?.(workspace),
  danger: command.danger,
  run: () => void run(command, workspace),
});

const isShown = (workspace: Workspace) => (command: Command) => command.available(workspace) !== false;

/** For what is selected, or for the directory where nothing is. */
export function openContextMenu(workspace: Workspace, at: Element | { x: number; y: number }): void {
  const shown = COMMANDS.filter(isShown(workspace));
  const groups: MenuGroups = GROUPS.map((group) =>
    shown.filter(({ menu }) => menu === group).map(toItem(workspace)),
  );
  openMenu(groups, at);
}

/** What the toolbar has no room for, and what is always here. */
export function openMoreMenu(workspace: Workspace, at: Element, left: readonly Command[]): void {
  const more = COMMANDS.filter(({ toolbar }) => toolbar === "more").filter(isShown(workspace));
  openMenu([left.map(toItem(workspace)), more.map(toItem(workspace))], at);
}
