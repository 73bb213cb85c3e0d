/** The keyboard in the list: the cursor, the selection, and names by their first letters. All else are commands. */

import type { Workspace } from "../app/workspace.ts";

/** Milliseconds after which letters begin another name. */
const PAUSE = 1000;

/** Letters typed one after another. */
export class TypeAhead {
  #text = "";
  #at = 0;

  get isUnderWay(): boolean {
    return this.#text !== "" && performance.now() - this.#at < PAUSE;
  }

  end(): void {
    this.#text = "";
  }

  /** What has been typed with this letter; the same letter again and again is that letter alone, for the next such name. */
  add(letter: string): { readonly text: string; readonly again: boolean } {
    this.#text = (this.isUnderWay ? this.#text : "") + letter.toLowerCase();
    this.#at = performance.now();
    const again = [...this.#text].every((it) => it === this.#text[0]);
    return { text: again ? (this.#text[0] ?? "") : this.#text, again };
  }
}

export function onKey(event: KeyboardEvent, workspace: Workspace, typed: TypeAhead): void {
  if (event.target !== event.currentTarget || event.altKey) return;
  const { rows } = workspace;
  const isTyped = isLetter(event, typed);
  if (!isTyped && event.key !== "Shift") typed.end();
  if (!rows.length) return;
  const index = targetOf(event.key, workspace);
  if (index !== undefined) step(event, workspace, Math.max(0, Math.min(index, rows.length - 1)));
  else if (isTyped) find(typed.add(event.key), workspace);
  else if (event.key === " ") {
    const key = rows.keyAt(cursorOf(workspace));
    if (key !== undefined) workspace.selection.toggle(key);
  } else return;
  event.preventDefault();
}

/** Without a cursor, the first row. */
const cursorOf = ({ rows, selection }: Workspace) => Math.max(0, rows.indexOf(selection.cursor.value));

function targetOf(key: string, workspace: Workspace): number | undefined {
  const { rows, view, selection } = workspace;
  const now = cursorOf(workspace);
  // The first arrow leads to the first row, not past it.
  const isNew = rows.indexOf(selection.cursor.value) < 0;
  if (key === "ArrowDown") return isNew ? now : now + 1;
  if (key === "ArrowUp") return now - 1;
  if (key === "PageDown") return now + view.page;
  if (key === "PageUp") return now - view.page;
  if (key === "Home") return 0;
  return key === "End" ? rows.length - 1 : undefined;
}

function step({ ctrlKey, metaKey, shiftKey }: KeyboardEvent, workspace: Workspace, index: number): void {
  const { rows, selection, view } = workspace;
  const key = rows.keyAt(index);
  if (key === undefined) return;
  const isControlled = ctrlKey || metaKey;
  if (shiftKey) selection.extend(key, rows, isControlled);
  else if (isControlled) selection.move(key);
  else selection.only(key);
  view.show(index);
}

/** Question mark and slash are commands. */
const isLetter = ({ key, ctrlKey, metaKey }: KeyboardEvent, typed: TypeAhead) =>
  [...key].length === 1 && !ctrlKey && !metaKey && (typed.isUnderWay || !/[ ?/]/.test(key));

function find({ text, again }: { text: string; again: boolean }, workspace: Workspace): void {
  const { rows, selection, view } = workspace;
  const shown = rows.shown.value;
  // One more letter may fit where the cursor is; another name is looked for behind it.
  const start = cursorOf(workspace) + Number(again && rows.indexOf(selection.cursor.value) >= 0);
  for (let step = 0; step < shown.length; step++) {
    const index = (start + step) % shown.length;
    if (!shown[index]?.name.toLowerCase().startsWith(text)) continue;
    const key = rows.keyAt(index);
    if (key !== undefined) selection.only(key);
    view.show(index);
    return;
  }
}
