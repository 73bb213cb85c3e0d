/** Asks what to do where something of the same name is there already. Both sides are shown. */

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { shown } from "sftpbridge-client";
import { exactDate, size } from "../text/format.ts";
import { visible } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { type Asking, Dialog } from "../ui/dialog.tsx";
import type { Answer, Decision, Question, Side } from "./conflict.ts";
import { words } from "./conflict-words.ts";
import "./conflict-dialog.css";

export function ConflictDialog<Possible extends Decision>(
  props: Question<Possible> & Asking<Answer<Possible>>,
) {
  const { name, folder, from, source, target, decisions, many, stop, done } = props;
  const say = words();
  // Nothing is lost by keeping both, so that Enter is never a mistake.
  const decision = useSignal<Possible | undefined>(decisions.find((it) => it === "rename"));
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
      onSubmit={() => done({ decision: decision.value ?? "skip", all: all.value })}
      actions={
        <>
          <p class="conflict-leaving">{say.leaving}</p>
          {many && <Button onClick={stop}>{say.stop}</Button>}
          <Button type="submit" look="primary" autofocus>
            {say.proceed}
          </Button>
        </>
      }
    >
      <p>
        {say.conflictIn} <bdi>{visible(shown(folder))}</bdi>
      </p>
      <Sides titles={say.sides[from]} sides={[source, target]} />
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
  readonly titles: readonly string[];
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
            <dt>{side.type === "file" ? say.size : say.kind}</dt>
            <dd>{side.type === "file" ? bytes(side) : say.kinds[side.type]}</dd>
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

const bytes = (side: Side) => (side.size === undefined ? words().unknown : size(side.size));
