/** Keys of a dialog, wherever in it the focus is, as long as no other dialog is above. */

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * `inside` is something in the dialog. Escape is a key like others here: Chromium does not always ask before it closes a
 * dialog, and does not always hear of it behind a frame.
 */
export function useDialogKeys(
  inside: RefObject<HTMLElement>,
  onClose: () => void,
  pressed: (event: KeyboardEvent) => void,
): void {
  const latest = useRef(pressed);
  latest.current = (event) => {
    if (event.key !== "Escape" || event.isComposing) return pressed(event);
    event.preventDefault();
    onClose();
  };
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const top = [...document.querySelectorAll("dialog[open]")].at(-1);
      if (inside.current && top?.contains(inside.current)) latest.current(event);
    };
    addEventListener("keydown", listen, { capture: true });
    return () => removeEventListener("keydown", listen, { capture: true });
  }, [inside]);
}
