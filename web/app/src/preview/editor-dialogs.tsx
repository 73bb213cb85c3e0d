/** What the editor asks. */

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { explain } from "../text/explain.ts";
import { visible } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { type Asking, ask, Dialog } from "../ui/dialog.tsx";
import type { Changed } from "./document.ts";
import { words } from "./words.ts";

type Leaving = "save" | "discard";

/** Nothing where it goes on. */
export const askLeaving = (signal: AbortSignal): Promise<Leaving | undefined> => ask(LeaveDialog, signal);

function LeaveDialog({ done }: Asking<Leaving>) {
  const say = words();
  return (
    <Dialog
      title={say.leaveTitle}
      onClose={() => done()}
      onSubmit={() => done("save")}
      actions={
        <>
          <Button onClick={() => done()}>{say.back}</Button>
          <Button look="danger" onClick={() => done("discard")}>
            {say.discard}
          </Button>
          <Button type="submit" look="primary" autofocus>
            {say.save}
          </Button>
        </>
      }
    >
      <p>{say.leave}</p>
    </Dialog>
  );
}

export type ChangedAnswer = "anyway" | "elsewhere";

/** Nothing where it goes on. */
export const askChanged = (
  name: string,
  changed: Changed,
  signal: AbortSignal,
): Promise<ChangedAnswer | undefined> =>
  ask(({ done }) => <ChangedDialog name={name} changed={changed} done={done} />, signal);

interface ChangedProps extends Asking<ChangedAnswer> {
  readonly name: string;
  readonly changed: Changed;
}

function ChangedDialog({ name, changed: { theirs }, done }: ChangedProps) {
  const looking = useSignal(false);
  const say = words();
  return (
    <Dialog
      size="wide"
      title={say.changedTitle}
      onClose={() => done()}
      onSubmit={() => done("elsewhere")}
      actions={
        <>
          <Button onClick={() => done()}>{say.back}</Button>
          <Button look="danger" onClick={() => done("anyway")}>
            {say.saveAnyway}
          </Button>
          <Button type="submit" look="primary" autofocus>
            {say.saveAs}
          </Button>
        </>
      }
    >
      <p>
        {theirs === undefined ? say.gone(visible(name)) : say.changed(visible(name))}{" "}
        {theirs !== undefined && say.anywayHint}
      </p>
      {theirs !== undefined && (
        <Button
          class="editor-look"
          aria-expanded={looking.value}
          onClick={() => {
            looking.value = !looking.value;
          }}
        >
          {say.theirs}
        </Button>
      )}
      {looking.value && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys
        <pre class="editor-theirs" dir="auto" tabIndex={0} role="region" aria-label={say.theirsTitle}>
          {theirs}
        </pre>
      )}
    </Dialog>
  );
}

/** Asks until `save` succeeds. Nothing where it is left. */
export const askName = (
  name: string,
  save: (name: string) => Promise<void>,
  signal: AbortSignal,
): Promise<true | undefined> => ask(({ done }) => <NameDialog name={name} save={save} done={done} />, signal);

interface NameProps extends Asking<true> {
  readonly name: string;
  readonly save: (name: string) => Promise<void>;
}

function NameDialog({ name, save, done }: NameProps) {
  const value = useSignal(name);
  const problem = useSignal("");
  const busy = useSignal(false);
  const field = useId();
  const say = words();
  const submit = async () => {
    if (busy.value) return;
    if (/^\.{0,2}$|[/\0]/.test(value.value)) {
      problem.value = say.badName;
      return;
    }
    busy.value = true;
    try {
      await save(value.value);
      done(true);
    } catch (error) {
      problem.value = explain(error);
    }
    busy.value = false;
  };
  return (
    <Dialog
      title={say.saveAs}
      onClose={() => done()}
      onSubmit={submit}
      actions={
        <>
          <Button onClick={() => done()}>{say.back}</Button>
          <Button type="submit" look="primary">
            {busy.value ? say.saving : say.save}
          </Button>
        </>
      }
    >
      <div class="editor-name">
        <label for={field}>{say.newName}</label>
        <input
          id={field}
          type="text"
          autofocus
          autocomplete="off"
          spellcheck={false}
          dir="auto"
          value={value.value}
          aria-invalid={problem.value !== ""}
          aria-describedby={`${field}-problem`}
          onInput={(event) => {
            value.value = event.currentTarget.value;
            problem.value = "";
          }}
        />
        <p id={`${field}-problem`} role="alert">
          {problem.value}
        </p>
      </div>
    </Dialog>
  );
}
