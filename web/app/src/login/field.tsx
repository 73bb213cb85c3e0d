/** Fields of the login: a label above, and what there is to say about it below. */

import { useSignal } from "@preact/signals";
import { Eye, EyeOff } from "lucide-preact";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { IconButton } from "../ui/button.tsx";
import { words } from "./words.ts";

interface FieldProps extends Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "label"> {
  readonly label: ComponentChildren;
  readonly name: string;
  /** Takes the focus when it appears. */
  readonly isFirst?: boolean;
}

/** The attribute is heard where a page or a dialog opens, and not of what appears later. */
function useFocus(isFirst = false) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFirst) input.current?.focus();
  }, [isFirst]);
  return input;
}

export function Field({ label, isFirst, ...input }: FieldProps) {
  const id = useId();
  const element = useFocus(isFirst);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        ref={element}
        autofocus={isFirst}
        id={id}
        autocapitalize="none"
        autocorrect="off"
        spellcheck={false}
        {...input}
      />
    </div>
  );
}

/** What is typed is not shown, unless it is asked for. */
export function SecretField({ label, isFirst, ...input }: FieldProps) {
  const id = useId();
  const element = useFocus(isFirst);
  const isShown = useSignal(false);
  const isCapsLocked = useSignal(false);
  const look = (event: KeyboardEvent) => {
    isCapsLocked.value = event.getModifierState?.("CapsLock") ?? false;
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="secret">
        <input
          ref={element}
          autofocus={isFirst}
          id={id}
          type={isShown.value ? "text" : "password"}
          aria-describedby={`${id}-hint`}
          autocapitalize="none"
          autocorrect="off"
          spellcheck={false}
          onKeyDown={look}
          onKeyUp={look}
          onBlur={() => {
            isCapsLocked.value = false;
          }}
          {...input}
        />
        <IconButton
          icon={isShown.value ? EyeOff : Eye}
          label={words().show}
          aria-pressed={isShown.value}
          onClick={() => {
            isShown.value = !isShown.value;
          }}
        />
      </div>
      <p id={`${id}-hint`} class="hint" role="status">
        {isCapsLocked.value && words().capsLock}
      </p>
    </div>
  );
}
