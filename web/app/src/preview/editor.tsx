/** Edits a text at the server. Nothing that was written is lost: neither mine nor what somebody else wrote meanwhile. */

import { type Signal, signal, useSignal } from "@preact/signals";
import { Save, WrapText } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { type SftpPath, shown } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { parentOf } from "../files/place.ts";
import { explain } from "../text/explain.ts";
import { visible } from "../text/name.ts";
import { explained } from "../transfers/upload-errors.ts";
import { Button } from "../ui/button.tsx";
import { type Asking, ask, Dialog } from "../ui/dialog.tsx";
import { say as tell } from "../ui/notices.tsx";
import { EditedText } from "./document.ts";
import { keepDraft, takeDraft } from "./drafts.ts";
import { askChanged, askLeaving, askName } from "./editor-dialogs.tsx";
import { useDialogKeys } from "./keys.ts";
import { endOf } from "./login-end.ts";
import { words } from "./words.ts";
import "./editor.css";

/** Resolves when it is left. Rejects where it is no text that can be edited here. */
export async function edit(workspace: Workspace, path: SftpPath): Promise<void> {
  const { signal: end, forget } = endOf(workspace.session);
  try {
    const draft = takeDraft(workspace, path);
    const file = draft?.file.by(workspace.client) ?? (await EditedText.read(workspace.client, path, end));
    const editing = new Editing(workspace, file, end, draft?.text);
    if (draft) tell(words().restored);
    await ask<true>(({ done }) => <Editor editing={editing} done={done} />, end);
    editing.left();
  } finally {
    forget();
  }
}

/** What the editor knows. */
class Editing {
  readonly text: Signal<string>;
  readonly file: Signal<EditedText>;
  readonly isSaving = signal(false);
  readonly problem = signal<unknown>(undefined);
  /** Aborted when the login is over. */
  readonly end: AbortSignal;
  readonly #workspace: Workspace;
  readonly #saving = new AbortController();

  constructor(workspace: Workspace, file: EditedText, end: AbortSignal, text = file.text) {
    this.#workspace = workspace;
    this.end = end;
    this.file = signal(file);
    this.text = signal(text);
  }

  get name(): string {
    return shown(this.file.value.path).split("/").at(-1) ?? "";
  }

  get isDirty(): boolean {
    return this.text.value !== this.file.value.text;
  }

  /** Whether it is saved now. */
  async save(): Promise<boolean> {
    if (this.isSaving.value) return false;
    this.isSaving.value = true;
    this.problem.value = undefined;
    try {
      return await this.#save();
    } catch (error) {
      const { path } = this.file.value;
      const { size } = new Blob([this.text.value]);
      this.problem.value = await explained(error, this.#workspace.client, parentOf(path), size);
      return false;
    } finally {
      this.isSaving.value = false;
    }
  }

  async #save(): Promise<boolean> {
    const text = this.text.value;
    const { signal } = this.#saving;
    const changed = await this.file.value.write(text, signal);
    if (changed) {
      const answer = await askChanged(this.name, changed, this.end);
      if (!answer) return false;
      if (answer === "elsewhere") return this.#saveAs(text);
      await this.file.value.write(text, signal, true);
    }
    return this.#saved();
  }

  async #saveAs(text: string): Promise<boolean> {
    const save = async (name: string) => {
      this.file.value = await this.file.value.writeAs(name, text, this.#saving.signal);
    };
    return (await askName(this.name, save, this.end)) ? this.#saved() : false;
  }

  #saved(): true {
    tell(words().saved(visible(this.name)));
    void this.#workspace.refresh();
    return true;
  }

  /** The login is over, or the person has left: what they have discarded is not written when the network is back. */
  left(): void {
    this.#saving.abort();
    if (!this.end.aborted || !this.isDirty) return;
    keepDraft(this.#workspace, { file: this.file.value, text: this.text.value });
    tell(words().stillThere);
  }
}

function Editor({ editing, done }: Asking<true> & { readonly editing: Editing }) {
  const inside = useRef<HTMLTextAreaElement>(null);
  const wraps = useSignal(true);
  const say = words();
  const { isDirty, name } = editing;
  const close = async () => {
    const answer = editing.isDirty ? await askLeaving(editing.end) : "discard";
    if (answer === "discard" || (answer === "save" && (await editing.save()))) done();
  };
  useDialogKeys(inside, close, (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    void editing.save();
  });
  useEffect(() => {
    // Browsers begin at the end.
    inside.current?.setSelectionRange(0, 0);
    inside.current?.scrollTo(0, 0);
  }, []);
  useEffect(() => {
    if (!isDirty) return undefined;
    const stay = (event: Event) => event.preventDefault();
    addEventListener("beforeunload", stay);
    return () => removeEventListener("beforeunload", stay);
  }, [isDirty]);
  const problem = editing.problem.value;
  return (
    <Dialog
      size="full"
      title={<bdi>{visible(name)}</bdi>}
      onClose={close}
      onSubmit={() => void editing.save()}
      actions={
        <>
          <p class={problem ? "editor-state failed" : "editor-state"} role="status">
            {stateOf(editing)}
          </p>
          <Button
            icon={WrapText}
            aria-pressed={wraps.value}
            onClick={() => {
              wraps.value = !wraps.value;
            }}
          >
            {say.wrap}
          </Button>
          <Button icon={Save} type="submit" look="primary" aria-keyshortcuts="Control+S">
            {say.save}
          </Button>
        </>
      }
    >
      <textarea
        ref={inside}
        class={wraps.value ? "editor" : "editor unwrapped"}
        aria-label={say.text(visible(name))}
        autofocus
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        dir="auto"
        value={editing.text.value}
        onInput={(event) => {
          editing.text.value = event.currentTarget.value;
        }}
      />
    </Dialog>
  );
}

function stateOf(editing: Editing): string {
  const say = words();
  if (editing.isSaving.value) return say.saving;
  if (editing.problem.value !== undefined) return explain(editing.problem.value);
  return editing.isDirty ? say.unsaved : say.allSaved;
}
