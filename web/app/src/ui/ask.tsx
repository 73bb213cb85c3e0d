/** Questions to the person: what is asked is a dialog, and its answer is a promise. */

import { signal } from "@preact/signals";
import type { ComponentChildren, FunctionComponent } from "preact";

/** What the content of a dialog is given: `done` closes it, without a value as Escape does. */
export interface Asking<Answer> {
  readonly done: (answer?: Answer) => void;
}

interface Open {
  readonly id: number;
  readonly render: () => ComponentChildren;
  readonly leave: () => void;
}

const open = signal<readonly Open[]>([]);
let last = 0;

/** Shows a dialog until it is answered; nothing where it is left. `signal` leaves it, too. */
export function ask<Answer>(
  Content: FunctionComponent<Asking<Answer>>,
  stop?: AbortSignal,
): Promise<Answer | undefined> {
  const id = ++last;
  return new Promise((resolve) => {
    const done = (answer?: Answer) => {
      open.value = open.value.filter((dialog) => dialog.id !== id);
      resolve(answer);
    };
    stop?.addEventListener("abort", () => done(), { once: true });
    if (stop?.aborted) resolve(undefined);
    else open.value = [...open.value, { id, render: () => <Content done={done} />, leave: done }];
  });
}

/** Whether anything is asked, if only just now. */
export const isAsking = (): boolean => open.value.length > 0;

/** Leaves all of them: what they are about is over. */
export function closeDialogs(): void {
  for (const { leave } of open.value) leave();
}

/** Where dialogs appear: once, at the end of the page. */
export function Dialogs() {
  return open.value.map(({ id, render }) => <div key={id}>{render()}</div>);
}
