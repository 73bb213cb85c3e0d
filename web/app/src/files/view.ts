/** Which rows can be seen, and how others come to be seen. Measures are pixels of the whole list: see `Scale`. */

import { computed, effect, signal } from "@preact/signals";
import type { Rows } from "./rows.ts";
import { type Extent, Scale } from "./scale.ts";

/** Rows that exist beyond those that are seen, each way, so that scrolling does not meet empty ground. */
const BEYOND = 8;
/** Rows are made by so many, so that not each pixel of scrolling makes some. */
const STEP = 4;
/** More rows exist only where more can be seen. */
const MOST = 80;
/** Milliseconds without scrolling after which the scrollbar is put where it belongs. */
const STILL = 150;

/** A row, or a place of the list: to be seen as soon as it is there, and to stay so while others come before it. */
export type Wanted = { readonly key: string } | { readonly top: number };

export class ListView {
  readonly top = signal(0);
  readonly height = signal(0);
  readonly rowHeight = signal(36);
  readonly #rows: Rows;
  readonly #scale = new Scale();
  readonly #offset = signal(0);
  readonly #visible = computed(() => Math.ceil(this.height.value / this.rowHeight.value) + 1);
  /** The first row that exists. */
  readonly first = computed(() => {
    const before = Math.floor(this.top.value / this.rowHeight.value / STEP) * STEP - this.#beyond();
    return Math.max(0, Math.min(before, this.#rows.length - 1));
  });
  /** The one after the last. */
  readonly last = computed(() => {
    const before = Math.floor(this.top.value / this.rowHeight.value / STEP) * STEP;
    return Math.min(this.#rows.length, before + this.#visible.value + STEP + this.#beyond());
  });
  /** What is to be seen as soon as it is there. */
  readonly #wanted = signal<Wanted | undefined>(undefined);
  readonly #stop: () => void;
  #element: HTMLElement | undefined;
  /** Where the element was scrolled to from here. */
  #set = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(rows: Rows) {
    this.#rows = rows;
    this.#stop = effect(() => this.#satisfy());
  }

  /** Of the element that is scrolled over. */
  get canvas(): number {
    return Scale.height(this.#extent);
  }

  /** Where a row is in that element. */
  place(index: number): number {
    return index * this.rowHeight.value - this.#offset.value;
  }

  /** How many rows a page has. */
  get page(): number {
    return Math.max(1, Math.floor(this.height.value / this.rowHeight.value) - 1);
  }

  /** Shows the list in this element from now on. */
  attach(element: HTMLElement): () => void {
    this.#element = element;
    const scrolled = () => {
      // The person wants to see something else.
      if (Math.abs(element.scrollTop - this.#set) > 1) this.#wanted.value = undefined;
      this.top.value = this.#scale.scrolled(element.scrollTop, this.#extent);
      this.#offset.value = this.#scale.offset;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#reach(), STILL);
    };
    element.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      element.removeEventListener("scroll", scrolled);
      clearTimeout(this.#timer);
      this.#element = undefined;
    };
  }

  close(): void {
    this.#stop();
  }

  go(top: number): void {
    this.top.value = Math.max(0, Math.min(top, this.#extent.whole - this.#extent.view));
    this.#reach();
  }

  /** No further than needed. */
  show(index: number): void {
    this.#wanted.value = undefined;
    const start = index * this.rowHeight.value;
    const end = start + this.rowHeight.value;
    if (start < this.top.value) this.go(start);
    else if (end > this.top.value + this.height.value) this.go(end - this.height.value);
  }

  /** Without anything wanted, the list stays where it is. */
  want(wanted: Wanted | undefined): void {
    this.#wanted.value = wanted;
  }

  get #extent(): Extent {
    return { whole: this.#rows.length * this.rowHeight.value, view: this.height.value };
  }

  #beyond(): number {
    return Math.max(2, Math.min(BEYOND, Math.floor((MOST - this.#visible.value - STEP) / 2)));
  }

  #satisfy(): void {
    const wanted = this.#wanted.value;
    const isComplete = this.#rows.complete.value;
    if (!wanted || !this.height.value || !this.#rows.length) return;
    if ("key" in wanted && this.#rows.indexOf(wanted.key) < 0) return;
    // When the element has got the height for it.
    requestAnimationFrame(() => {
      if (this.#wanted.peek() !== wanted) return;
      if (isComplete) this.#wanted.value = undefined;
      if ("key" in wanted) this.#center(this.#rows.indexOf(wanted.key));
      else this.go(wanted.top);
    });
  }

  #center(index: number): void {
    const place = index * this.rowHeight.value;
    const isSeen =
      place >= this.top.value && place + this.rowHeight.value <= this.top.value + this.height.value;
    if (!isSeen) this.go(place - (this.height.value - this.rowHeight.value) / 2);
  }

  #reach(): void {
    const scroll = this.#scale.reach(this.top.value, this.#extent);
    this.#offset.value = this.#scale.offset;
    if (!this.#element) return;
    if (Math.abs(this.#element.scrollTop - scroll) > 1) this.#element.scrollTop = scroll;
    this.#set = this.#element.scrollTop;
  }
}
