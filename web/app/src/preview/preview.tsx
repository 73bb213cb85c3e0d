/** A look into a file, and from there into those beside it. */

import { useSignal } from "@preact/signals";
import { ChevronLeft, ChevronRight, Download, FilePenLine, Maximize, WrapText } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { type Entry, join, type SftpPath } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { download } from "../downloads/downloading.ts";
import { keyOf } from "../files/listing.ts";
import { explain } from "../text/explain.ts";
import { number, size } from "../text/format.ts";
import { visibleName } from "../text/name.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { type Asking, ask, Dialog } from "../ui/dialog.tsx";
import { fail } from "../ui/notices.tsx";
import { edit } from "./editor.tsx";
import { type Looked, look, MOST_TEXT } from "./file.ts";
import { useDialogKeys } from "./keys.ts";
import { endOf } from "./login-end.ts";
import { View, Waiting } from "./views.tsx";
import { words } from "./words.ts";
import "./preview.css";

/** Resolves when it is left. Back may lead the page to another folder meanwhile: this one is that of the files. */
export async function preview(
  workspace: Workspace,
  folder: SftpPath,
  entry: Entry,
  beside: readonly Entry[],
): Promise<void> {
  const files = beside.filter(({ type }) => type === "file" || type === "symlink");
  const at = files.findIndex((it) => keyOf(it) === keyOf(entry));
  const { signal, forget } = endOf(workspace.session);
  const toEdit = await ask<Entry>(
    ({ done }) => (
      <Preview
        workspace={workspace}
        folder={folder}
        files={at < 0 ? [entry] : files}
        first={Math.max(0, at)}
        done={done}
      />
    ),
    signal,
  );
  forget();
  if (toEdit) await edit(workspace, join(folder, toEdit));
}

interface PreviewProps extends Asking<Entry> {
  readonly workspace: Workspace;
  readonly folder: SftpPath;
  readonly files: readonly Entry[];
  readonly first: number;
}

interface Shown {
  readonly index: number;
  readonly looked?: Looked;
  readonly error?: unknown;
}

function Preview({ workspace, folder, files, first, done }: PreviewProps) {
  const shown = useSignal<Shown>({ index: first });
  const toggled = useSignal(false);
  const inside = useRef<HTMLDivElement>(null);
  const { index, looked, error } = shown.value;
  const entry = files[index] as Entry;
  const path = join(folder, entry);
  const say = words();

  useEffect(() => {
    const stop = new AbortController();
    look(workspace.client, path, entry, stop.signal).then(
      (looked) => {
        if (!stop.signal.aborted) shown.value = { index, looked };
      },
      (error) => {
        if (!stop.signal.aborted) shown.value = { index, error };
      },
    );
    return () => stop.abort();
  }, [index]);

  const step = (by: number) => {
    const next = files[index + by];
    if (!next) return;
    toggled.value = false;
    shown.value = { index: index + by };
    if (workspace.linkTo(workspace.path) === workspace.linkTo(folder)) workspace.selection.only(keyOf(next));
  };
  useDialogKeys(
    inside,
    () => done(),
    (event) => {
      const by = stepOf(event, toggled.value && looked?.kind.kind === "image");
      if (!by) return;
      event.preventDefault();
      step(by);
    },
  );
  const toggle = () => {
    toggled.value = !toggled.value;
  };
  const save = (look: "primary" | "plain" = "plain") => (
    <Button
      icon={Download}
      look={look}
      title={say.download}
      onClick={() => download(workspace, [entry], folder).catch((error) => fail(`${say.download}:`, error))}
    >
      {look === "primary" ? say.download : <span class="preview-word">{say.download}</span>}
    </Button>
  );

  return (
    <Dialog
      size="full"
      title={<bdi>{visibleName(entry)}</bdi>}
      onClose={() => done()}
      actions={
        <>
          <div class="preview-steps">
            <IconButton
              icon={ChevronLeft}
              label={say.previous}
              unavailable={index ? undefined : ""}
              onClick={() => step(-1)}
            />
            <span aria-live="polite" dir="ltr">
              {number(index + 1)} / {number(files.length)}
            </span>
            <IconButton
              icon={ChevronRight}
              label={say.next}
              unavailable={index < files.length - 1 ? undefined : ""}
              onClick={() => step(1)}
            />
          </div>
          <span class="preview-size">{looked && size(looked.size)}</span>
          {looked?.kind.kind === "image" && (
            <Button icon={Maximize} title={say.actual} aria-pressed={toggled.value} onClick={toggle}>
              <span class="preview-word">{say.actual}</span>
            </Button>
          )}
          {looked?.kind.kind === "text" && (
            <Button icon={WrapText} title={say.wrap} aria-pressed={toggled.value} onClick={toggle}>
              <span class="preview-word">{say.wrap}</span>
            </Button>
          )}
          {looked?.kind.kind === "text" && looked.size <= MOST_TEXT && (
            <Button icon={FilePenLine} title={say.edit} onClick={() => done(entry)}>
              <span class="preview-word">{say.edit}</span>
            </Button>
          )}
          {save()}
        </>
      }
    >
      <div class="preview" ref={inside}>
        {error !== undefined ? (
          <p class="preview-waiting" role="alert">
            {say.failed} {explain(error)}
          </p>
        ) : looked ? (
          <View
            key={index}
            workspace={workspace}
            entry={entry}
            path={path}
            looked={looked}
            toggled={toggled.value}
            onToggle={toggle}
            download={save("primary")}
            onError={(error) => {
              shown.value = { index, error };
            }}
          />
        ) : (
          <Waiting />
        )}
      </div>
    </Dialog>
  );
}

/** Arrows lead to the files beside, but for where they move something else. */
function stepOf({ key, target, ctrlKey, altKey, metaKey }: KeyboardEvent, scrolls: boolean): number {
  if (scrolls || ctrlKey || altKey || metaKey) return 0;
  if (target instanceof Element && target.closest("audio, video, pre, input, textarea")) return 0;
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const back = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  return key === forward ? 1 : key === back ? -1 : 0;
}
