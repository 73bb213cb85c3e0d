/** Asks what to do where something of the same name is there already. Both sides are shown. */

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { exactDate, size } from "../text/format.ts";
import { visible } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { type Asking, Dialog } from "../ui/dialog.tsx";
import type { Answer, Question, Side } from "./conflicts.ts";
import type { Decision } from "./task.ts";
import { words } from "./words.ts";
import "./conflict-dialog.css";

const text = new TextDecoder();

export function ConflictDialog(props: Question & Asking<Answer>) {
  const { name, folder, from, source, target, decisions, many, done } = props;
  const say = words();
  // Nothing is lost by keeping both, so that Enter is never a mistake.
  const decision = useSignal<Decision>("rename");
  const all = useSignal(false);
  const group = useId();
  return (
    <Dialog
      title={
        <>
          <bdi>{visible(name)}</bdi> {say.conflict}
        </>
      }
      onClose={() => done()}
      onSubmit={() => done({ decision: decision.value, all: all.value })}
      actions={
        <>
          <p class="conflict-leaving">{say.leaving}</p>
          <Button type="submit" look="primary" autofocus>
            {say.proceed}
          </Button>
        </>
      }
    >
      <p>
        {say.conflictIn} <bdi>{visible(typeof folder === "string" ? folder : text.decode(folder))}</bdi>
      </p>
      <Sides titles={[from === "device" ? say.mine : say.moving, say.theirs]} sides={[source, target]} />
      <fieldset class="conflict-choices">
        <legend>{say.what}</legend>
        {decisions.map((it) => (
          <label key={it}>
            <input
              type="radio"
              name={group}
              aria-labelledby={`${group}-${it}`}
              aria-describedby={`${group}-${it}-hint`}
              checked={decision.value === it}
              onChange={() => {
                decision.value = it;
              }}
            />
            <span>
              <span id={`${group}-${it}`}>{say.decisions[it]}</span>
              <small id={`${group}-${it}-hint`}>{say.decisionHints[it]}</small>
            </span>
          </label>
        ))}
      </fieldset>
      {many && (
        <label class="conflict-all">
          <input
            type="checkbox"
            checked={all.value}
            onChange={(event) => {
              all.value = event.currentTarget.checked;
            }}
          />
          {say.all}
        </label>
      )}
    </Dialog>
  );
}

interface SidesProps {
  readonly titles: readonly [string, string];
  readonly sides: readonly [Side, Side];
}

function Sides({ titles, sides }: SidesProps) {
  const say = words();
  const [mine, theirs] = sides.map(({ mtime }) => Math.floor(mtime ?? Number.NaN));
  const newer =
    mine === theirs || Number.isNaN((mine ?? 0) + (theirs ?? 0)) ? -1 : Number(mine) > Number(theirs) ? 0 : 1;
  return (
    <div class="conflict-sides">
      {sides.map((side, index) => (
        <dl key={titles[index]}>
          <div class="conflict-side">
            <dt>{titles[index]}</dt>
            <dd>{newer === index && <mark>{say.newer}</mark>}</dd>
          </div>
          <div>
            <dt>{say.size}</dt>
            <dd>{side.directory ? say.aFolder : side.size === undefined ? say.unknown : size(side.size)}</dd>
          </div>
          <div>
            <dt>{say.modified}</dt>
            <dd>{side.mtime === undefined ? say.unknown : exactDate(side.mtime)}</dd>
          </div>
        </dl>
      ))}
    </div>
  );
}
