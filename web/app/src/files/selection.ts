/** What is selected, by the keys of entries, and where the cursor is. */

import { signal } from "@preact/signals";

/** The rows, by the keys of their entries. */
export interface Order {
  readonly length: number;
  keyAt(index: number): string | undefined;
  indexOf(key: string | undefined): number;
}

export class Selection {
  readonly keys = signal<ReadonlySet<string>>(new Set());
  /** The row that arrows move from. */
  readonly cursor = signal<string | undefined>(undefined);
  /** Where a range begins. */
  #anchor: string | undefined;

  only(key: string): void {
    this.keys.value = new Set([key]);
    this.cursor.value = this.#anchor = key;
  }

  toggle(key: string): void {
    const keys = new Set(this.keys.value);
    if (!keys.delete(key)) keys.add(key);
    this.keys.value = keys;
    this.cursor.value = this.#anchor = key;
  }

  /** The cursor alone. */
  move(key: string): void {
    this.cursor.value = key;
  }

  /** From where the last range began; `adding` to what is selected. */
  extend(key: string, order: Order, adding = false): void {
    const to = order.indexOf(key);
    const from = order.indexOf(this.#anchor ?? this.cursor.value);
    if (from < 0) {
      this.only(key);
      return;
    }
    const range: string[] = [];
    for (let index = Math.min(from, to); index <= Math.max(from, to); index++)
      range.push(order.keyAt(index) ?? key);
    this.#anchor = order.keyAt(from);
    this.keys.value = new Set(adding ? [...this.keys.value, ...range] : range);
    this.cursor.value = key;
  }

  all(order: Order): void {
    this.keys.value = new Set(Array.from({ length: order.length }, (_, index) => order.keyAt(index) ?? ""));
  }

  /** The cursor stays. */
  none(): void {
    this.keys.value = new Set();
    this.#anchor = undefined;
  }

  clear(): void {
    this.none();
    this.cursor.value = undefined;
  }

  /** Forgets what is not there any more. */
  keep(isThere: ReadonlySet<string>): void {
    const left = [...this.keys.value].filter((key) => isThere.has(key));
    if (left.length < this.keys.value.size) this.keys.value = new Set(left);
  }
}
