/** What something is, and what of that can be changed. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { shown } from "sftpbridge-client";
import type { Workspace } from "../../app/workspace.ts";
import { patience } from "../../session/patience.ts";
import { visible } from "../../text/name.ts";
import { Button } from "../../ui/button.tsx";
import { type Asking, ask, Dialog, isAsking } from "../../ui/dialog.tsx";
import { fail, say as tell } from "../../ui/notices.tsx";
import { tellFailures } from "../failures.tsx";
import { Field } from "../field.tsx";
import { reveal } from "../reveal.ts";
import { words as actionWords } from "../words.ts";
import { attributesFor, type Edits, fromLocal, NO_EDITS, toLocal } from "./changes.ts";
import { Facts } from "./facts.tsx";
import { Permissions } from "./permissions.tsx";
import { type Saving, save } from "./save.ts";
import { type Subject, subjectsOf } from "./subject.ts";
import { words } from "./words.ts";
import "../dialogs.css";
import "./properties.css";

export async function showProperties(workspace: Workspace): Promise<void> {
  const subjects = await subjectsOf(workspace);
  // Wanted twice while this was loaded.
  if (isAsking()) return;
  const saving = await ask<Saving>((asking) => (
    <PropertiesDialog workspace={workspace} subjects={subjects} {...asking} />
  ));
  if (!saving) return;
  const [first] = subjects;
  if (!first) return;
  await workspace.actions.jobs.run(words().saving, async (job) => {
    const failures = await save(workspace, job, subjects, saving);
    await reveal(workspace, first.directory, { there: subjects.map(({ named }) => named) });
    const only = failures.length === 1 && subjects.length === 1 ? failures[0] : undefined;
    if (only) return fail(actionWords().notChanged(first.named.name), only.error);
    if (!failures.length)
      tell(subjects.length === 1 ? words().saved(first.named.name) : words().savedMany(subjects.length));
    await tellFailures(actionWords().notChangedTitle, failures);
  });
}

interface Props extends Asking<Saving> {
  readonly workspace: Workspace;
  readonly subjects: readonly Subject[];
}

function PropertiesDialog({ workspace, subjects, done }: Props) {
  const say = words();
  const edits = useSignal<Edits>(NO_EDITS);
  const target = useSignal<string | undefined>(undefined);
  const isRecursive = useSignal(false);
  const [first] = subjects;
  const only = subjects.length === 1 ? first : undefined;
  const saving = { edits: edits.value, target: target.value, isRecursive: isRecursive.value };
  const isChanged = changes(subjects, saving);
  return (
    <Dialog
      title={only ? say.title(only.named.name) : say.titleMany(subjects.length)}
      onClose={() => done()}
      onSubmit={() => isChanged && done(saving)}
      actions={
        <>
          <Button onClick={() => done()}>{say.close}</Button>
          <Button look="primary" type="submit" unavailable={isChanged ? undefined : say.nothingChanged}>
            {say.save}
          </Button>
        </>
      }
    >
      <div class="action-dialog">
        <Facts workspace={workspace} subjects={subjects} />
        {only?.target !== undefined && <Target value={shown(only.target)} target={target} />}
        <Times workspace={workspace} subjects={subjects} edits={edits} />
        <Owners workspace={workspace} subjects={subjects} edits={edits} />
        <Permissions subjects={subjects} edits={edits} isRecursive={isRecursive} />
      </div>
    </Dialog>
  );
}

function Target({ value, target }: { readonly value: string; readonly target: Signal<string | undefined> }) {
  return (
    <Field
      label={words().target}
      dir="auto"
      required
      value={target.value ?? value}
      onInput={(event) => {
        const text = event.currentTarget.value;
        target.value = text === value ? undefined : text;
      }}
    />
  );
}

/** Whether there is anything to be sent. */
const changes = (subjects: readonly Subject[], { edits, target, isRecursive }: Saving) =>
  target !== undefined ||
  (isRecursive && (edits.mode.set | edits.mode.clear) !== 0) ||
  subjects.some(({ attributes }) => attributesFor(attributes, edits) !== undefined);

interface EditProps {
  readonly workspace: Workspace;
  readonly subjects: readonly Subject[];
  readonly edits: Signal<Edits>;
}

/** The one value that all have. */
function common<Value>(values: readonly Value[]): Value | undefined {
  return new Set(values).size === 1 ? values[0] : undefined;
}

/** What belongs to links themselves can be changed only by an extension. */
const isOutOfReach = ({ actions }: Workspace, subjects: readonly Subject[]) =>
  subjects.some(({ type }) => type === "symlink") && actions.features.lacks("lsetstat@openssh.com");

function Times({ workspace, subjects, edits }: EditProps) {
  const say = words();
  const mtime = common(subjects.map(({ attributes }) => attributes.mtime));
  const isLacking = isOutOfReach(workspace, subjects);
  return (
    <Field
      label={say.modified}
      note={isLacking ? say.noLinkTime : undefined}
      type="datetime-local"
      step={1}
      min={toLocal(0)}
      max={toLocal(0xffffffff)}
      disabled={isLacking}
      defaultValue={mtime === undefined ? "" : toLocal(mtime)}
      onInput={(event) => {
        edits.value = { ...edits.value, mtime: fromLocal(event.currentTarget.value) };
      }}
    />
  );
}

function Owners({ workspace, subjects, edits }: EditProps) {
  const say = words();
  const names = useSignal({ user: "", group: "" });
  const uid = common(subjects.map(({ attributes }) => attributes.uid));
  const gid = common(subjects.map(({ attributes }) => attributes.gid));
  const isNameless = workspace.actions.features.lacks("users-groups-by-id@openssh.com");
  useEffect(() => {
    if (isNameless) return;
    const [uids, gids] = [uid, gid].map((id) => (id === undefined ? [] : [id]));
    workspace.client.usersAndGroups(uids ?? [], gids ?? [], { signal: patience() }).then(
      ({ users: [user = ""], groups: [group = ""] }) => {
        names.value = { user: visible(user), group: visible(group) };
      },
      () => {
        // Then there are the numbers.
      },
    );
  }, [workspace, uid, gid, isNameless, names]);
  if (!subjects.some(({ attributes }) => attributes.uid !== undefined))
    return <p class="hint">{say.noOwner}</p>;
  const isLacking = isOutOfReach(workspace, subjects);
  const field = (key: "uid" | "gid", label: string, now: number | undefined, name: string) => (
    <Field
      label={label}
      note={name}
      inputmode="numeric"
      pattern="[0-9]{1,10}"
      title={say.ownerFault}
      disabled={isLacking}
      placeholder={now === undefined ? say.several : ""}
      defaultValue={now}
      onInput={(event) => {
        const text = event.currentTarget.value;
        edits.value = { ...edits.value, [key]: /^\d+$/.test(text) ? Number(text) : undefined };
      }}
    />
  );
  return (
    <div class="owners">
      {field("uid", say.owner, uid, names.value.user)}
      {field("gid", say.group, gid, names.value.group)}
    </div>
  );
}
