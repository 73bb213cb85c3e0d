/** Files that are dropped or pasted, wherever on the page; a drop on a folder of the list goes into it. */

import { useSignal } from "@preact/signals";
import { Upload } from "lucide-preact";
import { useEffect } from "preact/hooks";
import type { Entry, SftpPath } from "sftpbridge-client";
import { useWorkspace } from "../app/context.ts";
import type { Workspace } from "../app/workspace.ts";
import { keyOf } from "../files/listing.ts";
import { ancestors } from "../files/place.ts";
import { visible } from "../text/name.ts";
import { fail } from "../ui/notices.tsx";
import { commandWords } from "./command-words.ts";
import { giftsOf } from "./gifts.ts";
import "./drop.css";

/** Where it would go; an entry for a folder of the list. */
interface Target {
  readonly row: Element | undefined;
  readonly entry: Entry | undefined;
}

export function DropZone() {
  const workspace = useWorkspace();
  const target = useSignal<Target | undefined>(undefined);
  useEffect(() => {
    const aim = (next?: Target) => {
      if (next?.row !== target.value?.row || !next !== !target.value) {
        target.value?.row?.removeAttribute("data-drop");
        next?.row?.setAttribute("data-drop", "");
        target.value = next;
      }
    };
    return listen({
      dragover: (event) => allow(event) && aim(targetOf(workspace, event.target)),
      // Into what is inside of it, where it goes on, it comes with what that is.
      dragleave: (event) => !event.relatedTarget && aim(),
      dragend: () => aim(),
      drop(event) {
        if (!allow(event) || !event.dataTransfer) return;
        const { entry } = targetOf(workspace, event.target);
        aim();
        void give(workspace, event.dataTransfer, entry ? workspace.pathOf(entry) : workspace.path);
      },
      paste(event) {
        if (!event.clipboardData?.files.length || isWriting(event.target) || isAsked()) return;
        event.preventDefault();
        void give(workspace, event.clipboardData, workspace.path);
      },
    });
  }, [workspace, target]);
  const at = target.value;
  if (!at) return null;
  const name = at.entry?.name ?? ancestors(workspace.path).at(-1)?.name ?? "/";
  return (
    <div class="drop" role="status">
      <p>
        <Upload size={20} aria-hidden="true" />
        {commandWords().drop} {commandWords().dropInto} <bdi>{visible(name)}</bdi>
      </p>
    </div>
  );
}

/** What is given is there only now; what uploads it may still have to come. */
async function give(workspace: Workspace, data: DataTransfer, folder: SftpPath): Promise<void> {
  const gifts = giftsOf(data);
  try {
    (await import("./uploading.ts")).upload(workspace, gifts, folder);
  } catch (error) {
    fail(`${commandWords().upload}:`, error);
  }
}

type Listeners = {
  [Name in "dragover" | "dragleave" | "dragend" | "drop" | "paste"]: (event: WindowEventMap[Name]) => void;
};

function listen(listeners: Listeners): () => void {
  const stop = new AbortController();
  for (const [name, listener] of Object.entries(listeners))
    addEventListener(name, listener as EventListener, { signal: stop.signal });
  return () => stop.abort();
}

const isWriting = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches("input, textarea, [contenteditable]");

/** While a dialog is open nothing else can be done. */
const isAsked = () => document.querySelector("dialog[open]") !== null;

/** Files, and no drag of the page's own. Without this the browser would open what is dropped. */
function allow(event: DragEvent): boolean {
  if (!event.dataTransfer?.types.includes("Files")) return false;
  event.preventDefault();
  event.dataTransfer.dropEffect = isAsked() ? "none" : "copy";
  return !isAsked();
}

function targetOf({ rows }: Workspace, at: EventTarget | null): Target {
  const row = at instanceof Element ? at.closest<HTMLElement>("[data-key]") : undefined;
  const entry = row ? rows.shown.value.find((it) => keyOf(it) === row.dataset.key) : undefined;
  return entry?.type === "directory" && row ? { row, entry } : { row: undefined, entry: undefined };
}
