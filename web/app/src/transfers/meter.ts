/** How fast something moves. */

/** Milliseconds that are looked back. */
const SPAN = 5_000;

/** Bytes a second in the last five seconds, from figures that are noted now and then. */
export class Meter {
  #notes: { readonly time: number; readonly bytes: number }[] = [];

  note(bytes: number, time = performance.now()): void {
    // What was begun again counts from there.
    if (bytes < (this.#notes.at(-1)?.bytes ?? 0)) this.#notes = [];
    this.#notes = [...this.#notes.filter((it) => time - it.time <= SPAN), { time, bytes }];
  }

  /** 0 until something is known. */
  get speed(): number {
    const [first, last] = [this.#notes[0], this.#notes.at(-1)];
    if (!first || !last || last.time === first.time) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.time - first.time);
  }

  /** After a pause, of which nothing is to be counted. */
  forget(): void {
    this.#notes = [];
  }
}
