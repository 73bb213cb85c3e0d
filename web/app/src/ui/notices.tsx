/** Short sentences about what has happened. Screen readers hear them; failures stay until they are dismissed. */

import { signal } from "@preact/signals";
import { CircleAlert, CircleCheck, X } from "lucide-preact";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { explain } from "../text/explain.ts";
import { IconButton } from "./button.tsx";
import { words } from "./words.ts";
import "./notices.css";

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly failed: boolean;
  readonly undo?: { readonly label: string; readonly run: () => void } | undefined;
}

/** More push the oldest out of those that go by themselves, and of failures. */
const MOST = 4;
const MOST_FAILED = 8;
const MILLISECONDS = 6_000;

const notices = signal<readonly Notice[]>([]);
let last = 0;

function show(text: string, failed: boolean, undo?: Notice["undo"]): void {
  const id = ++last;
  const alike = notices.value.filter((notice) => notice.failed === failed);
  const [oldest] = alike.length < (failed ? MOST_FAILED : MOST) ? [] : alike;
  notices.value = [...notices.value.filter((notice) => notice !== oldest), { id, text, failed, undo }];
  if (!failed) setTimeout(expire, MILLISECONDS, id);
}

/** Whoever reads them, or is about to press a button there, has time. */
function expire(id: number): void {
  if (document.querySelector(".notices:is(:hover, :focus-within)")) setTimeout(expire, MILLISECONDS, id);
  else dismiss(id);
}

const dismiss = (id: number) => {
  notices.value = notices.value.filter((notice) => notice.id !== id);
};

/** What was told of a login that is over is nobody else's business. */
export const clearNotices = (): void => {
  notices.value = [];
};

/** Goes by itself. `undo` is a button beside it. */
export const say = (text: string, undo?: Notice["undo"]): void => show(text, false, undo);

/** `what` is a sentence on what was wanted, such as "“a” could not be renamed." */
export const fail = (what: string, error: unknown): void => show(`${what} ${explain(error)}`, true);

/** Where notices appear: once. */
export function Notices() {
  const before = useRef<EventTarget | null>(null);
  /** Its buttons go with it: the focus goes back where it came from. */
  const leave = (id: number) => {
    dismiss(id);
    if (before.current instanceof HTMLElement) before.current.focus({ preventScroll: true });
  };
  const enter = ({ currentTarget, relatedTarget }: JSX.TargetedFocusEvent<HTMLElement>) => {
    if (!currentTarget.contains(relatedTarget as Node | null)) before.current = relatedTarget;
  };
  return (
    <div class="notices" role="status" aria-live="polite" onFocusIn={enter}>
      {notices.value.map(({ id, text, failed, undo }) => (
        <div key={id} class={failed ? "notice failed" : "notice"}>
          {failed ? (
            <CircleAlert size={18} aria-hidden="true" />
          ) : (
            <CircleCheck size={18} aria-hidden="true" />
          )}
          <p>{text}</p>
          {undo && (
            <button
              type="button"
              class="button quiet"
              onClick={() => {
                leave(id);
                undo.run();
              }}
            >
              {undo.label}
            </button>
          )}
          <IconButton icon={X} label={words().dismiss} onClick={() => leave(id)} />
        </div>
      ))}
    </div>
  );
}
