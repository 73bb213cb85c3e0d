/**
 * What was seen at each step of the browser's history, so that Back leads to the same rows. Steps are told apart by a number
 * in `history.state`; what was seen there is forgotten with the page.
 */

export interface Seen {
  readonly top: number;
  readonly cursor: string | undefined;
}

/** Steps that are remembered. */
const MOST = 200;

export class Visits {
  readonly #seen = new Map<number, Seen>();
  #current = 0;
  #last = 0;

  /** Before another step is shown. */
  leave(seen: Seen): void {
    this.#seen.delete(this.#current);
    this.#seen.set(this.#current, seen);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MOST && oldest !== undefined) this.#seen.delete(oldest);
  }

  /** What was seen where the person has come back to; nothing at a new step. */
  arrive(): Seen | undefined {
    const visit: unknown = history.state?.visit;
    if (typeof visit === "number" && this.#seen.has(visit)) {
      this.#current = visit;
      return this.#seen.get(visit);
    }
    this.#current = ++this.#last;
    history.replaceState({ ...history.state, visit: this.#current }, "");
    return undefined;
  }
}
