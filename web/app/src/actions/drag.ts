/** Moving by dragging, within the list and to the directories above it. With Ctrl or Alt held it copies. */

import type { Entry, SftpPath } from "sftpbridge-client";
import { join, shown } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { keyOf } from "../files/listing.ts";
import { parsePlace } from "../files/place.ts";
import { fail } from "../ui/notices.tsx";
import type { Load } from "./actions.ts";
import { copy } from "./copy.ts";
import { move } from "./move.ts";
import { isSamePath, isWithin } from "./paths.ts";
import { words } from "./words.ts";

/** Each drag has a type of its own: browsers do not tell the end of one whose row has gone, and what comes next is another. */
const TYPE = "application/x-sftpbridge-entries";
const PAGE = crypto.getRandomValues(new Uint32Array(2)).join("-");
let drags = 0;
/** Pixels from the edge of the list at which it scrolls, and how far each time. */
const EDGE = 36;
const STEP = 18;

/** A row has the key of its entry; another element the link to its directory. */
const entryAt = ({ rows }: Workspace, target: EventTarget | null): Entry | undefined => {
  const index = rows.indexOf(closest(target, "[data-key]")?.dataset.key);
  return rows.shown.value[index];
};

const closest = (target: EventTarget | null, selector: string) =>
  target instanceof Element ? target.closest<HTMLElement>(selector) : null;

interface Place {
  readonly element: HTMLElement;
  readonly path: SftpPath;
}

/** The innermost directory there: of a link, of a row, or that of the list. */
function placeAt(workspace: Workspace, target: EventTarget | null): Place | undefined {
  const link = closest(target, "[data-place]");
  const path = link && parsePlace(link.dataset.place ?? "").path;
  if (path) return { element: link, path };
  const entry = entryAt(workspace, target);
  const row = closest(target, "[data-key]");
  if (row && entry?.type === "directory") return { element: row, path: workspace.pathOf(entry) };
  const list = closest(target, "[role=grid]");
  return list ? { element: list, path: workspace.path } : undefined;
}

/** Not into itself, and not moved to where it is. */
const canGo = ({ directory, entries }: Load, to: SftpPath, isCopy: boolean): boolean =>
  (isCopy || !isSamePath(directory, to)) &&
  !entries.some((it) => it.type === "directory" && isWithin(to, join(directory, it)));

/** Listens to the whole page; returns how that ends. */
export function listenToDrags(workspace: Workspace): () => void {
  const { dragged } = workspace.actions;
  let over: Element | undefined;
  let type = "";
  const loadOf = ({ dataTransfer }: DragEvent) =>
    dataTransfer?.types.includes(type) ? dragged.value : undefined;
  const highlight = (element?: Element) => {
    if (over === element) return;
    over?.removeAttribute("data-drop");
    element?.setAttribute("data-drop", "");
    over = element;
  };
  const end = () => {
    highlight();
    dragged.value = undefined;
  };
  const start = (event: DragEvent) => {
    const entry = entryAt(workspace, event.target);
    if (!entry || !event.dataTransfer) return;
    const { selection } = workspace;
    if (!selection.keys.value.has(keyOf(entry))) selection.only(keyOf(entry));
    const load = { directory: workspace.path, entries: workspace.selected.value };
    type = `${TYPE}-${PAGE}-${++drags}`;
    event.dataTransfer.setData(type, "");
    event.dataTransfer.setData(
      "text/plain",
      load.entries.map((it) => shown(workspace.pathOf(it))).join("\n"),
    );
    event.dataTransfer.effectAllowed = "copyMove";
    showCount(event.dataTransfer, load.entries.length);
    dragged.value = load;
  };
  const move = (event: DragEvent) => {
    const load = loadOf(event);
    if (!load || !event.dataTransfer) return;
    scrollNearEdge(event);
    const place = placeAt(workspace, event.target);
    const isCopy = event.ctrlKey || event.altKey;
    const isPossible = place && canGo(load, place.path, isCopy);
    highlight(isPossible ? place.element : undefined);
    if (!isPossible) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = isCopy ? "copy" : "move";
  };
  const drop = (event: DragEvent) => {
    const load = loadOf(event);
    const place = load && placeAt(workspace, event.target);
    const isCopy = event.ctrlKey || event.altKey;
    end();
    if (!load || !place || !canGo(load, place.path, isCopy)) return;
    event.preventDefault();
    put(workspace, load, place.path, isCopy).catch((error) => {
      fail(isCopy ? words().copying(load.entries) : words().moving(load.entries), error);
    });
  };
  const listeners = { dragstart: start, dragover: move, drop, dragend: end };
  for (const [type, listener] of Object.entries(listeners)) addEventListener(type, listener as EventListener);
  return () => {
    for (const [type, listener] of Object.entries(listeners))
      removeEventListener(type, listener as EventListener);
  };
}

async function put(workspace: Workspace, load: Load, to: SftpPath, isCopy: boolean): Promise<void> {
  if (isCopy) await copy(workspace, load, to);
  else await move(workspace, load, to);
}

/** Browsers show the one row that was taken hold of. */
function showCount(data: DataTransfer, count: number): void {
  if (count < 2) return;
  const label = document.createElement("div");
  label.className = "drag-count";
  label.textContent = words().items(count);
  document.body.append(label);
  data.setDragImage(label, -12, -12);
  // The browser has taken its picture by then.
  setTimeout(() => label.remove());
}

function scrollNearEdge({ target, clientY }: DragEvent): void {
  const list = closest(target, "[role=grid]");
  if (!list) return;
  const { top, bottom } = list.getBoundingClientRect();
  if (clientY < top + EDGE) list.scrollBy(0, -STEP);
  else if (clientY > bottom - EDGE) list.scrollBy(0, STEP);
}
