/**
 * From pixels of a list to pixels of the element that is scrolled. Browsers have a limit for the height of an element; a
 * longer list is squeezed into it: the scrollbar then moves by more than it shows, and everything else as always.
 */

/** Firefox ends at 17.8 million, Chromium at 33.5. */
export const TALLEST = 12_000_000;

export interface Extent {
  /** Pixels of all rows. */
  readonly whole: number;
  /** Pixels of those that can be seen. */
  readonly view: number;
}

export class Scale {
  /** Where the seen part begins, in the list less in the element. */
  offset = 0;
  #last = 0;

  /** Of the element. */
  static height = ({ whole }: Extent): number => Math.min(whole, TALLEST);

  /** The element was scrolled to `top`: where that is in the list. */
  scrolled(top: number, extent: Extent): number {
    const { whole, view } = extent;
    const moved = Math.abs(top - this.#last);
    this.#last = top;
    if (whole <= TALLEST) {
      this.offset = 0;
      return top;
    }
    // The wheel, a finger: as far as it went. The scrollbar: in proportion.
    const place = moved < 2 * view ? top + this.offset : (top / (TALLEST - view)) * (whole - view);
    const there = Math.max(0, Math.min(place, whole - view));
    this.offset = there - top;
    return there;
  }

  /** Where the element has to be scrolled to, so that `place` of the list is seen. */
  reach(place: number, { whole, view }: Extent): number {
    const there = Math.max(0, Math.min(place, whole - view));
    const top = whole <= TALLEST ? there : Math.round((there / (whole - view)) * (TALLEST - view));
    this.offset = there - top;
    this.#last = top;
    return top;
  }
}
