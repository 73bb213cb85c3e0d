/** The list of all shortcuts, as a command. */

import { Keyboard } from "lucide-preact";
import { ask } from "../ui/ask.tsx";
import type { Command } from "./commands.ts";
import { words } from "./words.ts";

export const helpCommands: readonly Command[] = [
  {
    id: "shortcuts",
    label: () => words().shortcuts,
    icon: Keyboard,
    keys: ["?"],
    toolbar: "more",
    available: () => true,
    run: async () => ask((await import("./help.tsx")).Help),
  },
];
