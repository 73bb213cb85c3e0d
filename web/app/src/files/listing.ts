/** The entries of the directory where the person is, as they come. */

import { signal } from "@preact/signals";
import type { Entry, SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { namesOwner } from "./mode.ts";

/** Tells entries apart: names that are not UTF-8 by their bytes, behind what no name has. */
export const keyOf = ({ name, rawName }: Pick<Entry, "name" | "rawName">): string =>
  rawName ? `/${rawName.join()}` : name;

/** What is no name would lead out of the directory, or is the directory itself: it is not shown, so that nothing is done with it. */
const isName = ({ name }: Entry) => !/^\.{0,2}$|[/\0]/.test(name);

export type ListingState = "loading" | "complete" | "failed";

/** Milliseconds between two times that more is shown, and more for each thousand entries: sorting them in takes as long. */
const PACE = 100;
const PACE_PER_THOUSAND = 2;

/** Attributes have numbers alone: the names are those of another entry of the same owner. Of a `longname` nothing else is used. */
function withOwner(entry: Entry, others: readonly Entry[]): Entry {
  const { uid, gid } = entry.attributes;
  if (namesOwner(entry)) return entry;
  const like = others.find((it) => it.attributes.uid === uid && it.attributes.gid === gid && namesOwner(it));
  return like ? { ...entry, longname: like.longname } : entry;
}

export class Listing {
  readonly path = signal<SftpPath>("/");
  readonly entries = signal<readonly Entry[]>([]);
  readonly state = signal<ListingState>("loading");
  readonly error = signal<unknown>(undefined);
  readonly #client: Pick<RemoteClient, "list">;
  #stop = new AbortController();

  constructor(client: Pick<RemoteClient, "list">) {
    this.#client = client;
  }

  /** Shows another directory as its pages come. Never rejects: see `state`. */
  async open(path: SftpPath): Promise<void> {
    this.path.value = path;
    this.entries.value = [];
    let waiting: Entry[] = [];
    let due = 0;
    const show = () => {
      if (waiting.length) this.entries.value = this.entries.value.concat(waiting);
      waiting = [];
      due = performance.now() + PACE + (this.entries.value.length * PACE_PER_THOUSAND) / 1000;
    };
    const current = await this.#load((page) => {
      waiting.push(...page);
      if (performance.now() >= due) show();
    });
    if (current) this.#end(show);
  }

  /** Reads the directory again; what is shown stays until all of it is there. */
  async refresh(): Promise<void> {
    const fresh: Entry[] = [];
    const current = await this.#load((page) => fresh.push(...page));
    if (current)
      this.#end(() => {
        if (this.error.value === undefined) this.entries.value = fresh;
      });
  }

  /** Shows what was changed here: entries that are gone, and those that are there now, by their keys. */
  async patch(gone: readonly string[], there: readonly Entry[]): Promise<void> {
    const changed = new Set([...gone, ...there.map(keyOf)]);
    const before = this.entries.value;
    const others = before.filter((entry) => !changed.has(keyOf(entry)));
    const named = there.map((entry) => withOwner(entry, before));
    this.entries.value = [...others, ...named];
    const isNameless =
      named.some((entry) => !namesOwner(entry)) && (!others.length || others.some(namesOwner));
    // What was read before the change may still come; and some names only the server knows.
    if (this.state.value === "loading" || isNameless) await this.refresh();
  }

  /** Ends what is under way. */
  close(): void {
    this.#stop.abort();
  }

  /** Together, so that nobody sees a complete listing without its last entries. */
  #end(show: () => void): void {
    show();
    this.state.value = this.error.value === undefined ? "complete" : "failed";
  }

  /** `false` where another directory, or the same again, was wanted meanwhile. */
  async #load(add: (page: readonly Entry[]) => void): Promise<boolean> {
    this.#stop.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.state.value = "loading";
    this.error.value = undefined;
    try {
      for await (const page of this.#client.list(this.path.value, { signal }))
        if (!signal.aborted) add(page.filter(isName));
    } catch (error) {
      if (!signal.aborted) this.error.value = error ?? new Error("the listing failed");
    }
    return !signal.aborted;
  }
}
