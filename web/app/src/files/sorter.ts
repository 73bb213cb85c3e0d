/** Keeps entries sorted while more of them come: what is new is sorted by itself, and merged into the rest. */

import type { Entry } from "sftpbridge-client";
import { NameOrder } from "./order.ts";

export const COLUMNS = ["name", "size", "modified", "mode", "owner"] as const;
export type Column = (typeof COLUMNS)[number];

export interface Sort {
  readonly by: Column;
  readonly descending: boolean;
}

/** An entry with what it is compared by. */
interface Item {
  readonly entry: Entry;
  readonly rank: number;
  readonly key: string;
  /** Of the column, where that is not the name. */
  value: number;
}

export class Sorter {
  #locale: string | undefined;
  #order: NameOrder | undefined;
  #sort: Sort | undefined;
  /** What `#items` was made of. */
  #entries: readonly Entry[] = [];
  #items: readonly Item[] = [];

  /** Folders first, whichever way the rest is sorted. */
  sorted(entries: readonly Entry[], sort: Sort, locale: string): readonly Item[] {
    if (this.#locale !== locale) {
      this.#order = new NameOrder(locale);
      this.#locale = locale;
      this.#entries = [];
      this.#items = [];
    }
    const compare = comparison(sort);
    const compared = VALUES[sort.by];
    const { kept, fresh } = this.#changes(entries);
    if (this.#sort !== sort) for (const item of kept) item.value = compared(item.entry);
    const added = fresh.map((entry) => ({
      entry,
      rank: entry.type === "directory" ? 0 : 1,
      key: this.#order?.key(entry.name) ?? "",
      value: compared(entry),
    }));
    const items = this.#sort === sort ? kept : kept.toSorted(compare);
    this.#items = merge(items, added.sort(compare), compare);
    this.#entries = entries;
    this.#sort = sort;
    return this.#items;
  }

  /** What is there already, and what is new. */
  #changes(entries: readonly Entry[]): { kept: readonly Item[]; fresh: readonly Entry[] } {
    const before = this.#entries;
    if (isContinued(before, entries)) return { kept: this.#items, fresh: entries.slice(before.length) };
    const [there, known] = [new Set(entries), new Set(before)];
    return {
      kept: this.#items.filter(({ entry }) => there.has(entry)),
      fresh: entries.filter((entry) => !known.has(entry)),
    };
  }
}

/** More have come, behind those of before: whoever takes one away moves the last, too. */
const isContinued = (before: readonly Entry[], now: readonly Entry[]) =>
  before.length <= now.length && before.at(-1) === now[before.length - 1];

type Compare = (a: Item, b: Item) => number;

function merge(a: readonly Item[], b: readonly Item[], compare: Compare): readonly Item[] {
  if (!b.length) return a;
  if (!a.length) return b;
  const merged: Item[] = [];
  let [at, of] = [0, 0];
  for (let [left, right] = [a[0], b[0]]; left || right; ) {
    if (left && (!right || compare(left, right) <= 0)) {
      merged.push(left);
      left = a[++at];
    } else if (right) {
      merged.push(right);
      right = b[++of];
    }
  }
  return merged;
}

const byText = (a: string, b: string) => (a < b ? -1 : Number(a > b));

const byName: Compare = (a, b) => byText(a.key, b.key) || byText(a.entry.name, b.entry.name);

/** What is not known comes first, as the least. */
const VALUES: Record<Column, (entry: Entry) => number> = {
  name: () => 0,
  size: ({ type, attributes }) => (type === "directory" ? -1 : (attributes.size ?? -1)),
  modified: ({ attributes }) => attributes.mtime ?? -1,
  mode: ({ attributes }) => (attributes.mode === undefined ? -1 : attributes.mode & 0o7777),
  owner: ({ attributes: { uid = -1, gid = 0 } }) => uid * 2 ** 32 + gid,
};

function comparison({ by, descending }: Sort): Compare {
  const way = descending ? -1 : 1;
  if (by === "name") return (a, b) => a.rank - b.rank || way * byName(a, b);
  return (a, b) => a.rank - b.rank || way * (a.value - b.value) || byName(a, b);
}
