/** All commands, in the order in which toolbar and menus have them. */

import { actionCommands } from "../actions/commands.ts";
import { downloadCommands } from "../downloads/commands.ts";
import { explorationCommands } from "../files/commands.ts";
import { previewCommands } from "../preview/commands.ts";
import { transferCommands } from "../transfers/commands.ts";
import type { Command } from "./commands.ts";
import { helpCommands } from "./help-command.ts";

export const COMMANDS: readonly Command[] = [
  ...explorationCommands,
  ...previewCommands,
  ...downloadCommands,
  ...transferCommands,
  ...actionCommands,
  ...helpCommands,
];
