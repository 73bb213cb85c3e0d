/** Buttons: with words, or with an icon whose words are its name. */

import type { LucideIcon } from "lucide-preact";
import type { ComponentChildren, JSX } from "preact";
import "./button.css";

type Native = Omit<JSX.ButtonHTMLAttributes<HTMLButtonElement>, "icon" | "label">;

export interface ButtonProps extends Native {
  readonly icon?: LucideIcon | undefined;
  /** `primary` for the one thing that the person came for, `danger` where something is lost by it. */
  readonly look?: "primary" | "danger" | "plain" | "quiet";
  /** Why it cannot be pressed. It stays reachable, so that the reason can be read. */
  readonly unavailable?: string | undefined;
  readonly children?: ComponentChildren;
}

export function Button({ icon: Icon, look = "plain", unavailable, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      class={`button ${look} ${rest.class ?? ""}`}
      aria-disabled={unavailable !== undefined}
      title={unavailable ?? rest.title}
      onClick={unavailable === undefined ? onClick : undefined}
    >
      {Icon && <Icon size={18} aria-hidden="true" />}
      {children}
    </button>
  );
}

/** `label` is what it is called, and shown when it is pointed at. */
export function IconButton({
  label,
  ...rest
}: ButtonProps & { readonly label: string; readonly icon: LucideIcon }) {
  return (
    <Button look="quiet" title={label} {...rest} class={`icon ${rest.class ?? ""}`} aria-label={label} />
  );
}
