// @ts-check
/** The files that are sent: a queue of the library, and a row for each of its items. */

import { element } from "./elements.js";
import { explain } from "./explain.js";
import { bytes, duration } from "./format.js";
import { transferQueue } from "./sftpbridge-client/index.js";

/** @import { QueueItem, Transfer, TransferState } from "./sftpbridge-client/index.js" */
/** @typedef {QueueItem<string>} Item the label is the file's name, with its folders */

/** Rows that are shown: ten thousand would be slow, and nobody reads them. */
const ROWS = 100;

/** What can be done with a file, by the states in which it can. @type {Record<string, RegExp>} */
const ACTIONS = {
  pause: /waiting|running|reconnecting/,
  resume: /paused/,
  retry: /failed|cancelled/,
  cancel: /waiting|running|reconnecting|paused/,
  remove: /failed|cancelled|done/,
};

/** @type {Record<TransferState, string>} */
const WORDS = {
  waiting: "Waiting",
  running: "Sending",
  paused: "Paused",
  reconnecting: "Waiting for the connection",
  done: "Sent",
  failed: "Failed",
  cancelled: "Cancelled",
};

export class UploadList {
  /** @type {import("./sftpbridge-client/index.js").TransferQueue<string>} */
  #queue = transferQueue();
  /** @type {Map<Item, HTMLLIElement>} */
  #rows = new Map();
  #upload;
  #list = element("#list", HTMLUListElement);
  #pauseAll = element("#pause-all", HTMLButtonElement);

  /** @param {(path: readonly string[], file: Blob) => Transfer<unknown>} upload begins one, also when it is tried again */
  constructor(upload) {
    this.#upload = upload;
    this.#queue.subscribe(() => this.#draw());
    this.#pauseAll.addEventListener("click", () => {
      if (this.#queue.paused) this.#queue.resume();
      else this.#queue.pause();
    });
  }

  /** Whether something is under way. */
  get busy() {
    return this.#queue.items.some(({ state }) => ACTIONS.cancel?.test(state));
  }

  /** @param {readonly string[]} path @param {Blob} file */
  add(path, file) {
    this.#queue.add(() => this.#upload(path, file), path.join("/"), file.size);
  }

  /** All that failed. */
  retry() {
    this.#queue.retry();
  }

  #draw() {
    const { items, paused } = this.#queue;
    // Those that a person may have something to do with come first.
    const open = items.filter(({ state }) => state !== "done");
    const shown = new Set([...open, ...items.filter(({ state }) => state === "done")].slice(0, ROWS));
    for (const [item, row] of this.#rows)
      if (!shown.has(item)) {
        row.remove();
        this.#rows.delete(item);
      }
    for (const item of shown) this.#drawRow(item, this.#rows.get(item) ?? this.#newRow(item));

    const more = element("#more", HTMLElement);
    more.textContent = `and ${items.length - shown.size} more`;
    more.hidden = items.length === shown.size;
    element("#overall", HTMLElement).hidden = !items.length;
    this.#pauseAll.textContent = paused ? "Resume all" : "Pause all";
    this.#pauseAll.hidden = !open.length;
    this.#drawFigures();
  }

  #drawFigures() {
    const { bytes: sent, total, speed, remaining, states } = this.#queue.figures;
    const count = this.#queue.items.length;
    const files = `${states.done ?? 0} of ${count} ${count === 1 ? "file" : "files"} sent`;
    const isMoving = Boolean(states.running);
    const pace = isMoving && speed > 0 ? `, ${bytes(speed)}/s` : "";
    const left = isMoving && remaining !== undefined ? `, ${duration(remaining)} left` : "";
    element("#figures", HTMLElement).textContent =
      `${files}, ${bytes(sent)} of ${bytes(total)}${pace}${left}`;
    element("#overall-bar", HTMLProgressElement).value = total ? sent / total : states.done ? 1 : 0;
    // For screen readers, and only when a file has ended: figures that change all the time are noise.
    const failed = states.failed ? `, ${states.failed} failed` : "";
    const told = element("#told", HTMLElement);
    if (told.textContent !== files + failed) told.textContent = files + failed;
  }

  /** @param {Item} item */
  #newRow(item) {
    const template = element("#row", HTMLTemplateElement).content;
    const row = /** @type {HTMLLIElement} */ (element("li", HTMLLIElement, template).cloneNode(true));
    element(".name", HTMLElement, row).textContent = item.label;
    element("progress", HTMLProgressElement, row).setAttribute("aria-label", item.label);
    for (const button of row.querySelectorAll("button")) {
      button.setAttribute("aria-label", `${button.textContent} ${item.label}`);
      const action = /** @type {"pause" | "resume" | "retry" | "cancel" | "remove"} */ (button.dataset.do);
      button.addEventListener("click", () => this.#queue[action](item));
    }
    this.#rows.set(item, row);
    this.#list.append(row);
    return row;
  }

  /** @param {Item} item @param {HTMLLIElement} row */
  #drawRow({ state, progress, error }, row) {
    const { bytes: sent, total = 0 } = progress;
    row.dataset.state = state;
    const said = state === "failed" ? explain(error) : WORDS[state];
    const isOpen = /running|paused|reconnecting/.test(state);
    element(".state", HTMLElement, row).textContent = isOpen
      ? `${said}, ${bytes(sent)} of ${bytes(total)}`
      : said;
    const bar = element("progress", HTMLProgressElement, row);
    bar.hidden = !isOpen;
    bar.value = total ? sent / total : 0;
    const focused = row.contains(document.activeElement);
    for (const button of row.querySelectorAll("button"))
      button.hidden = !ACTIONS[button.dataset.do ?? ""]?.test(state);
    // A button that was pressed may be gone now: the keyboard stays in this row.
    if (focused && !row.contains(document.activeElement))
      element("button:not([hidden])", HTMLButtonElement, row).focus();
  }
}
