/** Commands by their keys, wherever no text is being written. */

import { useEffect } from "preact/hooks";
import { COMMANDS } from "./all-commands.ts";
import { run } from "./run.ts";
import { words } from "./words.ts";
import type { Workspace } from "./workspace.ts";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** As `Command.keys` has them. */
function keysOf(event: KeyboardEvent): string {
  const control = MAC ? event.metaKey : event.ctrlKey;
  // With Option, a Mac has another sign for each letter.
  const [, letter] = (MAC && event.altKey && /^Key([A-Z])$/.exec(event.code)) || [];
  const key = letter ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  // Where a sign is on the keyboard is not our business: with Shift here, without it there.
  const isSign = key.length === 1 && key === key.toLowerCase() && key !== " ";
  const modifiers = [control && "Ctrl", event.altKey && "Alt", event.shiftKey && !isSign && "Shift"];
  return [...modifiers.filter(Boolean), key].join("+");
}

/** As they stand on the keyboard. Call it while rendering. */
export function shownKeys(keys = ""): string {
  const names: Readonly<Record<string, string>> = { ...words().keys, ...(MAC && { Ctrl: "⌘", Alt: "⌥" }) };
  return keys.replaceAll(/[^+]+/g, (key) => names[key] ?? key);
}

const isWriting = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");

export function useShortcuts(workspace: Workspace): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isWriting(event.target)) return;
      const keys = keysOf(event);
      // On a button, a link or a fold, Enter and the space bar are its own.
      if (
        event.target instanceof Element &&
        event.target.closest("button, a, input, summary") &&
        /^(Enter| )$/.test(keys)
      )
        return;
      const command = COMMANDS.find(
        (it) => !it.byEvent && it.keys?.includes(keys) && it.available(workspace) === true,
      );
      if (!command) return;
      event.preventDefault();
      // A key that is held has been pressed once.
      if (!event.repeat) void run(command, workspace);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [workspace]);
}
