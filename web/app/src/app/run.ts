/** Runs commands: the one place where what they reject with is told. */

import { session } from "../session/session.ts";
import { isAsking } from "../ui/ask.tsx";
import { fail } from "../ui/notices.tsx";
import type { Command } from "./commands.ts";
import type { Workspace } from "./workspace.ts";

/** Does nothing where the command is not available, or where the person has to answer something first. */
export async function run(command: Command, workspace: Workspace): Promise<void> {
  if (isAsking() || command.available(workspace) !== true) return;
  try {
    await command.run(workspace);
  } catch (error) {
    // Whoever logs in next is not told of it.
    if (session.value === workspace.session) fail(`${command.label()}:`, error);
  }
}

/** Why it cannot be chosen now; nothing where it can. */
export function reason(command: Command, workspace: Workspace): string | undefined {
  const available = command.available(workspace);
  return available === true ? undefined : available || "";
}
