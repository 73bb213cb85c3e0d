/**
 * What can be done with files, each thing once: toolbar, context menu and keyboard all show and run the same commands. A
 * room exports its commands, and `app/all-commands.ts` puts them in order.
 */

import type { LucideIcon } from "lucide-preact";
import type { Workspace } from "./workspace.ts";

export interface Command {
  /** For tests and keys: unique. */
  readonly id: string;
  /** Called while rendering. */
  readonly label: () => string;
  readonly icon: LucideIcon;
  /** As KeyboardEvent has them, with modifiers in this order: `Ctrl+Alt+Shift+Key`; `Ctrl` is the command key on a Mac. */
  readonly keys?: readonly string[];
  /** The browser's own event of these keys runs it, such as `paste`, which may have files with it: here they are only shown. */
  readonly byEvent?: boolean;
  /** Where it is offered, and beside what. `more` is the menu at the end of the toolbar. */
  readonly toolbar?: "primary" | "selection" | "more";
  readonly menu?: "open" | "transfer" | "clipboard" | "change" | "view";
  readonly danger?: boolean;
  /** `true`; `false` where it makes no sense, so that it is not shown; or why it cannot be done now. */
  readonly available: (workspace: Workspace) => boolean | string;
  readonly checked?: (workspace: Workspace) => boolean;
  /** What it rejects with is told. */
  readonly run: (workspace: Workspace) => unknown;
}
