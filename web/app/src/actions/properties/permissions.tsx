/** Permissions, as boxes and as the number that people know them by. */

import type { Signal } from "@preact/signals";
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { bitOf, type Edits, exactly, type ModeChange, octalOf, parseOctal, withBit } from "./changes.ts";
import type { Subject } from "./subject.ts";
import { words } from "./words.ts";

const CLASSES = ["owner", "group", "others"] as const;
const RIGHTS = ["read", "write", "execute"] as const;

interface Props {
  readonly subjects: readonly Subject[];
  readonly edits: Signal<Edits>;
  readonly isRecursive: Signal<boolean>;
}

export function Permissions({ subjects, edits, isRecursive }: Props) {
  const say = words();
  const modes = subjects
    .filter(({ type }) => type !== "symlink")
    .flatMap(({ attributes: { mode } }) => mode ?? []);
  const { mode } = edits.value;
  const change = (next: ModeChange) => {
    edits.value = { ...edits.value, mode: next };
  };
  if (!modes.length) return <p class="hint">{say.ofLink}</p>;
  return (
    <fieldset>
      <legend>{say.permissions}</legend>
      <table class="permissions">
        <thead>
          <tr>
            <td />
            {RIGHTS.map((right) => (
              <th key={right} scope="col">
                {say.rights[right]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {CLASSES.map((whose, row) => (
            <tr key={whose}>
              <th scope="row">{say.classes[whose]}</th>
              {RIGHTS.map((right, column) => {
                const bit = 0o400 >> (row * 3 + column);
                const isOn = bitOf(modes, mode, bit);
                return (
                  <td key={right}>
                    <label class="box">
                      <input
                        type="checkbox"
                        aria-label={`${say.classes[whose]}: ${say.rights[right]}`}
                        checked={isOn === true}
                        indeterminate={isOn === undefined}
                        onChange={(event) => change(withBit(mode, bit, event.currentTarget.checked))}
                      />
                    </label>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <Octal modes={modes} mode={mode} change={change} />
      {subjects.some(({ type }) => type === "directory") && <Inside isRecursive={isRecursive} />}
    </fieldset>
  );
}

interface OctalProps {
  readonly modes: readonly number[];
  readonly mode: ModeChange;
  readonly change: (mode: ModeChange) => void;
}

function Octal({ modes, mode, change }: OctalProps) {
  const say = words();
  const note = useId();
  /** What is being written, as long as it is no number. */
  const written = useSignal<string | undefined>(undefined);
  const write = (text: string) => {
    const number = parseOctal(text);
    written.value = text;
    if (number !== undefined) change(exactly(number));
  };
  const isWrong = !!written.value && parseOctal(written.value) === undefined;
  return (
    <label class="octal">
      <span>{say.octal}</span>
      <input
        type="text"
        inputmode="numeric"
        size={5}
        maxLength={4}
        autocomplete="off"
        value={written.value ?? octalOf(modes, mode)}
        aria-invalid={isWrong}
        aria-describedby={note}
        onInput={(event) => write(event.currentTarget.value)}
        onBlur={() => {
          written.value = undefined;
        }}
      />
      <span id={note} class="hint">
        {isWrong && say.octalFault}
      </span>
    </label>
  );
}

function Inside({ isRecursive }: Pick<Props, "isRecursive">) {
  const say = words();
  const note = useId();
  return (
    <>
      <label class="check">
        <input
          type="checkbox"
          checked={isRecursive.value}
          aria-describedby={note}
          onChange={(event) => {
            isRecursive.value = event.currentTarget.checked;
          }}
        />
        {say.inside}
      </label>
      <p id={note} class="hint">
        {say.insideHint}
      </p>
    </>
  );
}
