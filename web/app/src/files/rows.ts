/** The rows of the list: the entries that are to be seen, in order. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Entry } from "sftpbridge-client";
import { locale } from "../text/language.ts";
import { kept } from "../ui/kept.ts";
import { keyOf, type Listing } from "./listing.ts";
import { COLUMNS, type Column, type Sort, Sorter } from "./sorter.ts";

export type { Column } from "./sorter.ts";

const isSort = (found: unknown): found is Sort =>
  COLUMNS.includes((found as Sort | null)?.by as Column) && typeof (found as Sort).descending === "boolean";

export class Rows {
  readonly sort = kept<Sort>("sort", { by: "name", descending: false }, isSort);
  readonly filter = signal("");
  readonly hidden = kept("hidden", false, (found) => typeof found === "boolean");
  readonly shown: ReadonlySignal<readonly Entry[]>;
  /** No more of them are on their way. */
  readonly complete: ReadonlySignal<boolean>;
  readonly #sorter = new Sorter();
  #lastIndex = 0;

  constructor(listing: Listing) {
    this.complete = computed(() => listing.state.value !== "loading");
    const sorted = computed(() => this.#sorter.sorted(listing.entries.value, this.sort.value, locale.value));
    this.shown = computed(() => {
      const wanted = this.filter.value.toLowerCase();
      const shown: Entry[] = [];
      for (const { entry } of sorted.value)
        if (
          (this.hidden.value || !entry.name.startsWith(".")) &&
          (!wanted || entry.name.toLowerCase().includes(wanted))
        )
          shown.push(entry);
      return shown;
    });
  }

  get length(): number {
    return this.shown.value.length;
  }

  keyAt(index: number): string | undefined {
    const entry = this.shown.value[index];
    return entry && keyOf(entry);
  }

  /** -1 where it is not shown. */
  indexOf(key: string | undefined): number {
    if (key === undefined) return -1;
    // It is most often asked for the same one again.
    if (this.keyAt(this.#lastIndex) === key) return this.#lastIndex;
    const index = this.shown.value.findIndex((entry) => keyOf(entry) === key);
    if (index >= 0) this.#lastIndex = index;
    return index;
  }

  /** By a column; the other way round where it is sorted by it already. */
  sortBy(by: Column): void {
    const { by: now, descending } = this.sort.value;
    this.sort.value = { by, descending: by === now && !descending };
  }
}
