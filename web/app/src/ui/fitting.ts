/** How many of several things have room beside each other, so that the others can go into a menu. */

import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

export interface Fitting<E extends HTMLElement> {
  readonly ref: RefObject<E>;
  /** At most `count`. It shrinks, before anything is drawn, until what is rendered is no wider than its element. */
  readonly fits: number;
}

/** `what` tells the things apart: others are measured anew. */
export function useFitting<E extends HTMLElement>(count: number, what: string): Fitting<E> {
  const ref = useRef<E>(null);
  const fits = useSignal(count);
  const before = useRef(what);
  if (before.current !== what) {
    before.current = what;
    fits.value = count;
  }
  useEffect(() => observe(ref.current, fits, count), [fits, count]);
  useLayoutEffect(() => {
    shrink(ref.current, fits);
  });
  return { ref, fits: Math.min(fits.value, count) };
}

/** By one, where there is too much; what is rendered then is looked at again. */
function shrink(element: HTMLElement | null, fits: Signal<number>): void {
  if (element && fits.value > 0 && element.scrollWidth > element.clientWidth + 1) fits.value--;
}

/** Another width: all may fit. */
function observe(element: HTMLElement | null, fits: Signal<number>, count: number): (() => void) | undefined {
  if (!element) return undefined;
  let width = element.clientWidth;
  const observer = new ResizeObserver(() => {
    if (element.clientWidth === width) return;
    width = element.clientWidth;
    // Where all did fit nothing is rendered anew by that.
    if (fits.value === count) shrink(element, fits);
    else fits.value = count;
  });
  observer.observe(element);
  return () => observer.disconnect();
}
