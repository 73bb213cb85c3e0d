/** Dialogs, for `ask`. They are native, so that focus stays in and Escape leads out. */

import { X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { IconButton } from "./button.tsx";
import { words } from "./words.ts";
import "./dialog.css";

export { type Asking, ask, closeDialogs, isAsking } from "./ask.tsx";

interface DialogProps {
  readonly title: ComponentChildren;
  /** Escape, the cross, and a press beside it. */
  readonly onClose: () => void;
  /** `wide` for what has columns, `full` for what is looked at. */
  readonly size?: "wide" | "full";
  /** Buttons at the end. The first in the document is the one that Escape stands for. */
  readonly actions?: ComponentChildren;
  /** Nothing within takes the focus, so that the content does: keys scroll it. */
  readonly isText?: boolean;
  readonly children: ComponentChildren;
  /** As a form: what happens at Enter. */
  readonly onSubmit?: () => void;
}

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

/** What puts it back where it is now: Chromium gives the focus back without it, and then no key writes anything. */
function caretOf(field: Element | null): () => void {
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return () => {};
  const { selectionStart, selectionEnd } = field;
  return () => {
    if (selectionStart !== null && document.activeElement === field)
      field.setSelectionRange(selectionStart, selectionEnd);
  };
}

/** A modal dialog, open as long as it is rendered. Focus goes to `autofocus`, and back where it was. */
export function Dialog({ title, onClose, size, actions, isText, children, onSubmit }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = element.current;
    const returnCaret = caretOf(document.activeElement);
    dialog?.showModal();
    // What is only read is scrolled by keys, too.
    const content = dialog?.querySelector<HTMLElement>(".content");
    if (content && !content.querySelector(FOCUSABLE)) content.tabIndex = 0;
    return () => {
      dialog?.close();
      returnCaret();
    };
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog
      ref={element}
      class={`dialog ${size ?? ""}`}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === element.current && onClose()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <form method="dialog" onSubmit={submit}>
        <header>
          <h2 id={heading}>{title}</h2>
          <IconButton icon={X} label={words().close} onClick={() => onClose()} />
        </header>
        <div class="content" {...(isText && { tabIndex: 0, role: "group", "aria-labelledby": heading })}>
          {children}
        </div>
        {actions && <footer>{actions}</footer>}
      </form>
    </dialog>
  );
}
