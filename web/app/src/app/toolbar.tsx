/**
 * The commands that are always at hand, or those for what is selected. One stop of the Tab key, arrows within. What has no room
 * is in the menu at its end.
 */

import { useSignal } from "@preact/signals";
import { Ellipsis, X } from "lucide-preact";
import type { JSX } from "preact";
import { focusList } from "../files/focus.ts";
import { words as filesWords } from "../files/words.ts";
import { language } from "../text/language.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { useFitting } from "../ui/fitting.ts";
import { COMMANDS } from "./all-commands.ts";
import { useWorkspace } from "./context.ts";
import { openMoreMenu } from "./menus.ts";
import { reason, run } from "./run.ts";
import { words } from "./words.ts";
import "./toolbar.css";

export function Toolbar() {
  const workspace = useWorkspace();
  const count = workspace.selected.value.length;
  const part = count ? "selection" : "primary";
  const commands = COMMANDS.filter((it) => it.toolbar === part && it.available(workspace) !== false);
  const { ref, fits } = useFitting<HTMLDivElement>(
    commands.length,
    `${language.value} ${commands.map(({ id }) => id)} ${String(count).length}`,
  );
  const before = Number(count > 0);
  const stop = useStop(before + fits + 1);
  const clear = () => {
    workspace.selection.none();
    focusList();
  };
  return (
    <div ref={ref} class={`toolbar ${part}`} role="toolbar" aria-label={words().toolbar} {...stop.toolbar}>
      {count > 0 && (
        <>
          <IconButton icon={X} label={filesWords().selectNone} onClick={clear} {...stop.item(0)} />
          <span class="count">{filesWords().selected(count)}</span>
        </>
      )}
      {commands.slice(0, fits).map((command, index) => (
        <Button
          key={command.id}
          icon={command.icon}
          look={command.danger ? "quiet" : "plain"}
          class={command.danger ? "dangerous" : ""}
          unavailable={reason(command, workspace)}
          onClick={() => run(command, workspace)}
          {...stop.item(before + index)}
        >
          <span class="label">{command.label()}</span>
        </Button>
      ))}
      <IconButton
        icon={Ellipsis}
        label={words().more}
        aria-haspopup="menu"
        onClick={(event) => openMoreMenu(workspace, event.currentTarget, commands.slice(fits))}
        {...stop.item(before + fits)}
      />
    </div>
  );
}

const buttonsOf = (toolbar: Element) => [...toolbar.querySelectorAll("button")];

/** One of the buttons is in the order of the Tab key: the one that had the focus last. */
function useStop(count: number) {
  const wanted = useSignal(0);
  const current = Math.min(wanted.value, count - 1);
  const toolbar = {
    onFocusIn({ target, currentTarget }: JSX.TargetedFocusEvent<HTMLElement>) {
      wanted.value = Math.max(0, buttonsOf(currentTarget).indexOf(target as HTMLButtonElement));
    },
    onKeyDown(event: JSX.TargetedKeyboardEvent<HTMLElement>) {
      const buttons = buttonsOf(event.currentTarget);
      const to = target(event.key, buttons, document.activeElement);
      if (!to) return;
      event.preventDefault();
      to.focus();
    },
  };
  const item = (index: number) => ({ tabIndex: index === current ? 0 : -1 });
  return { toolbar, item };
}

function target(key: string, buttons: readonly HTMLElement[], now: Element | null): HTMLElement | undefined {
  const { length } = buttons;
  const at = buttons.indexOf(now as HTMLElement);
  const forward = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  if (key === forward) return buttons[(at + 1) % length];
  if (key === "ArrowLeft" || key === "ArrowRight") return buttons[(at - 1 + length) % length];
  if (key === "Home") return buttons[0];
  return key === "End" ? buttons[length - 1] : undefined;
}
