/** New folders, files and links: a name is asked for, and what is made is shown. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { join, type SftpPath, shown } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { explain } from "../text/explain.ts";
import { visible } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { type Asking, ask, Dialog, isAsking } from "../ui/dialog.tsx";
import { say } from "../ui/notices.tsx";
import { words as common } from "../ui/words.ts";
import { words } from "./dialog-words.ts";
import { Field } from "./field.tsx";
import { look } from "./look.ts";
import { faultOf, stemLength, unusedName } from "./names.ts";
import { reveal } from "./reveal.ts";
import { words as actionWords } from "./words.ts";
import "./dialogs.css";

const unused = ({ listing }: Workspace, wanted: string, isFolder: boolean) =>
  unusedName(wanted, new Set(listing.entries.value.map(({ name }) => name)), isFolder);

export const makeFolder = (workspace: Workspace) =>
  askAndMake(workspace, {
    title: words().newFolderTitle,
    name: unused(workspace, words().defaultFolder, true),
    isFolder: true,
    make: (path, { signal }) => workspace.client.mkdir(path, { signal }),
  });

export const makeFile = (workspace: Workspace) =>
  askAndMake(workspace, {
    title: words().newFileTitle,
    name: unused(workspace, words().defaultFile, false),
    make: async (path, { signal }) => {
      const how = { write: true, create: true, exclusive: true, signal };
      const file = await workspace.client.open(path, how);
      await file.close();
    },
  });

/** To the one thing that is selected, if there is one. */
export function makeLink(workspace: Workspace): Promise<void> {
  const [entry, ...others] = workspace.selected.value;
  const first = others.length ? undefined : entry;
  const options: LinkOptions = {
    target: first ? workspace.pathOf(first) : "",
    isHardPossible: !workspace.actions.features.lacks("hardlink@openssh.com"),
  };
  return askAndMake(workspace, {
    title: words().newLinkTitle,
    name: first ? unused(workspace, words().linkTo(visible(first.name)), first.type === "directory") : "",
    link: options,
    make: (path, { target, isHard, directory, signal }) => {
      const { client } = workspace;
      // Only as it was: text that was written over is what the person means.
      const wanted = target === shown(options.target) ? options.target : target;
      if (!isHard) return client.symlink(wanted, path, { signal });
      return client.link(isAbsolute(wanted) ? wanted : join(directory, target), path, { signal });
    },
  });
}

const isAbsolute = (path: SftpPath) => shown(path).startsWith("/");

interface LinkOptions {
  readonly target: SftpPath;
  readonly isHardPossible: boolean;
}

/** What the person says of a link. */
interface LinkChoice {
  readonly target: string;
  readonly isHard: boolean;
}

/** Where it is made, and how that is given up. */
interface Circumstances {
  readonly directory: SftpPath;
  readonly signal: AbortSignal;
}

interface Making {
  readonly title: string;
  /** To begin with. */
  readonly name: string;
  readonly isFolder?: boolean;
  readonly link?: LinkOptions;
  readonly make: (path: SftpPath, how: LinkChoice & Circumstances) => Promise<unknown>;
}

async function askAndMake(workspace: Workspace, making: Making): Promise<void> {
  // Wanted twice while this was loaded.
  if (isAsking()) return;
  const directory = workspace.path;
  const name = await ask<string>((asking) => (
    <MakeDialog workspace={workspace} directory={directory} {...making} {...asking} />
  ));
  if (name === undefined) return;
  await reveal(workspace, directory, { there: [{ name }] });
  say(actionWords().made(name));
}

interface Props extends Making, Asking<string> {
  readonly workspace: Workspace;
  readonly directory: SftpPath;
}

/** Stays until it has succeeded, so that what was written is not lost. */
function MakeDialog({ workspace, directory, title, name: first, isFolder = false, link, make, done }: Props) {
  const language = words();
  const name = useSignal(first);
  const choice = useSignal<LinkChoice>({ target: shown(link?.target ?? ""), isHard: false });
  const problem = useSignal("");
  const isBusy = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const stop = useRef(new AbortController());
  const note = useId();
  useEffect(() => {
    input.current?.setSelectionRange(0, stemLength(first, isFolder));
  }, [first, isFolder]);

  const work = async () => {
    const fault = faultOf(name.value);
    if (fault) return actionWords().fault[fault];
    if (link && !choice.value.target) return language.needsTarget;
    const path = join(directory, name.value);
    const { signal } = stop.current;
    if (await look(workspace.client, path, signal)) return language.taken;
    await make(path, { ...choice.value, directory, signal });
    done(name.value);
    return "";
  };
  const submit = async () => {
    if (isBusy.value) return;
    isBusy.value = true;
    problem.value = await work().catch(explain);
    isBusy.value = false;
    if (problem.value) input.current?.focus();
  };
  const leave = () => {
    stop.current.abort();
    done();
    // It may have been made all the same, also where the answer was lost.
    if (isBusy.value || problem.value) void workspace.refresh();
  };
  return (
    <Dialog
      title={title}
      onClose={leave}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={leave}>{common().cancel}</Button>
          <Button look="primary" type="submit">
            {language.create}
          </Button>
        </>
      }
    >
      <div class="action-dialog" aria-busy={isBusy.value}>
        <Field
          input={input}
          label={language.name}
          autofocus
          dir="auto"
          value={name.value}
          aria-invalid={problem.value !== ""}
          aria-describedby={note}
          onInput={(event) => {
            name.value = event.currentTarget.value;
            problem.value = "";
          }}
        />
        {link && <LinkFields options={link} choice={choice} />}
        <p id={note} class="problem" role="alert">
          {problem.value}
        </p>
      </div>
    </Dialog>
  );
}

interface LinkFieldsProps {
  readonly options: LinkOptions;
  readonly choice: Signal<LinkChoice>;
}

function LinkFields({ options, choice }: LinkFieldsProps) {
  const language = words();
  const kind = (isHard: boolean, label: string) => (
    <label class="check">
      <input
        type="radio"
        name="kind"
        checked={choice.value.isHard === isHard}
        disabled={isHard && !options.isHardPossible}
        onChange={() => {
          choice.value = { ...choice.value, isHard };
        }}
      />
      {label}
    </label>
  );
  return (
    <>
      <Field
        label={language.target}
        note={language.targetHint}
        dir="auto"
        value={choice.value.target}
        onInput={(event) => {
          choice.value = { ...choice.value, target: event.currentTarget.value };
        }}
      />
      <fieldset class="choices">
        <legend>{language.linkKind}</legend>
        {kind(false, language.symbolic)}
        {kind(true, language.hard)}
        {!options.isHardPossible && <p class="hint">{language.noHard}</p>}
      </fieldset>
    </>
  );
}
