/** All shortcuts: those of the commands, and those of the list. */

import { type Asking, Dialog } from "../ui/dialog.tsx";
import { COMMANDS } from "./all-commands.ts";
import { shownKeys } from "./shortcuts.ts";
import { words } from "./words.ts";
import "./help.css";

export function Help({ done }: Asking<void>) {
  const say = words();
  const commands = COMMANDS.filter(({ keys }) => keys?.length);
  const list = [
    [["ArrowUp", "ArrowDown"], say.move],
    [["Home", "End", "PageUp", "PageDown"], say.moveFar],
    [["Shift+ArrowUp", "Shift+ArrowDown"], say.extend],
    [["Ctrl+ArrowUp", "Ctrl+ArrowDown"], say.moveOnly],
    [["Space"], say.toggle],
    [[say.letters], say.jump],
  ] as const;
  return (
    <Dialog title={say.shortcuts} size="wide" isText onClose={done}>
      <div class="shortcuts">
        <section>
          <h3>{say.inTheList}</h3>
          <dl>
            {list.map(([keys, label]) => (
              <Shortcut key={label} keys={keys} label={label} />
            ))}
          </dl>
        </section>
        <section>
          <h3>{say.everywhere}</h3>
          <dl>
            {commands.map(({ id, keys = [], label }) => (
              <Shortcut key={id} keys={keys} label={label()} />
            ))}
          </dl>
        </section>
      </div>
    </Dialog>
  );
}

const Shortcut = ({ keys, label }: { readonly keys: readonly string[]; readonly label: string }) => (
  <div>
    <dt>
      {keys.map((it) => (
        <kbd key={it}>{shownKeys(it)}</kbd>
      ))}
    </dt>
    <dd>{label}</dd>
  </div>
);
