/**
 * Uploads that were not finished when the page went away: names and folders, no content. A page may not keep files, so the
 * person is asked to pick them again.
 */

import { signal } from "@preact/signals";

/** One row that had not ended. */
export interface Unfinished {
  readonly id: string;
  /** The page that it belongs to. */
  readonly page: string;
  readonly name: string;
  /** Where it was to go, as a link of the page. */
  readonly link: string;
  /** A folder, or loose files. */
  readonly many: boolean;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** More push the oldest out; after seven days nothing of them is at the server to go on with. */
const MOST = 100;
const AGE = 7 * 24 * 3_600_000;
const PAGE = crypto.getRandomValues(new Uint32Array(2)).join("-");
const LOCK = "unfinished-uploads-";

/** Held as long as the page lives, so that others know that its uploads go on. Only in secure contexts. */
void navigator.locks?.request(LOCK + PAGE, () => new Promise(() => {}));

const isUnfinished = (it: Partial<Unfinished> | null): boolean =>
  [it?.id, it?.page, it?.name, it?.link].every((text) => typeof text === "string");

async function livingPages(): Promise<ReadonlySet<string>> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return new Set([PAGE, ...held.map(({ name = "" }) => name.slice(LOCK.length))]);
}

/** Those of one person at one server. */
export class UnfinishedUploads {
  /** Of pages that are gone, and of logins that have ended. */
  readonly interrupted = signal<readonly Unfinished[]>([]);
  /** The one for which something else was picked. */
  readonly mistaken = signal<Unfinished | undefined>(undefined);
  readonly #key: string;
  /** Those of this login, which the list of transfers shows. */
  readonly #mine = new Set<string>();
  #last = 0;

  constructor(account: string) {
    this.#key = `unfinished-uploads:${account}`;
    void this.#look();
  }

  /** Returns what `forget` takes. */
  note(what: Pick<Unfinished, "name" | "link" | "many">): string {
    const id = `${PAGE}-${performance.now()}-${++this.#last}`;
    this.#mine.add(id);
    const { name, link, many } = what;
    this.#write([...this.#read(), { id, page: PAGE, name, link, many, time: Date.now() }].slice(-MOST));
    return id;
  }

  forget(id: string): void {
    this.#write(this.#read().filter((it) => it.id !== id));
    this.interrupted.value = this.interrupted.value.filter((it) => it.id !== id);
  }

  async #look(): Promise<void> {
    const living = await livingPages();
    const young = this.#read().filter(({ time }) => Date.now() - time < AGE);
    const goesOn = ({ id, page }: Unfinished) => (page === PAGE ? this.#mine.has(id) : living.has(page));
    this.interrupted.value = young.filter((it) => !goesOn(it));
  }

  /** Storage may be forbidden, or hold what another version has written. */
  #read(): readonly Unfinished[] {
    try {
      const found = JSON.parse(localStorage.getItem(this.#key) ?? "[]");
      return Array.isArray(found) ? found.filter(isUnfinished) : [];
    } catch {
      return [];
    }
  }

  #write(list: readonly Unfinished[]): void {
    try {
      if (list.length) localStorage.setItem(this.#key, JSON.stringify(list));
      else localStorage.removeItem(this.#key);
    } catch {
      // Then it is for this page only.
    }
  }
}
