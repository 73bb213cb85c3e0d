/** A field of a form: its name above, and what there is to say of it below. */

import type { JSX, Ref } from "preact";
import { useId } from "preact/hooks";

interface FieldProps extends Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "ref" | "label"> {
  readonly label: string;
  readonly note?: string | undefined;
  readonly input?: Ref<HTMLInputElement>;
}

/** Names, paths and numbers: nothing that a browser would know better. */
export function Field({ label, note, input, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        ref={input ?? null}
        id={id}
        type="text"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-describedby={note ? `${id}-note` : undefined}
        {...rest}
      />
      {note && (
        <p id={`${id}-note`} class="hint">
          {note}
        </p>
      )}
    </div>
  );
}
