/** Parts of the page that come when they are needed, or when there is nothing else to do: then a lost network finds them here. */

import { type ReadonlySignal, signal } from "@preact/signals";
import { type FunctionComponent, h } from "preact";
import { useEffect } from "preact/hooks";
import { fail } from "./notices.tsx";
import { words } from "./words.ts";

/** Milliseconds until the next try, where a part could not be loaded. */
const PAUSE = 3_000;

const parts: (() => Promise<unknown>)[] = [];
const idle = signal(false);

/** Whether what was waited for first is there: what is not needed for it may come from now on. */
export const isIdle: ReadonlySignal<boolean> = idle;

/** Loads what may be needed later, one after the other. What fails is tried again when it is needed. */
export async function loadAhead(): Promise<void> {
  if (idle.value) return;
  idle.value = true;
  for (const load of parts) await load().catch(() => {});
}

/** For what commands load by themselves: it is loaded ahead, too. */
export function ahead<Part>(load: () => Promise<Part>): () => Promise<Part> {
  parts.push(load);
  return load;
}

/** A component that is loaded when it is first shown. Until then there is nothing in its place; `quietly` where nobody waits for it. */
export function later<Props extends object>(
  load: () => Promise<FunctionComponent<Props>>,
  { quietly = false } = {},
): FunctionComponent<Props> {
  const loaded = signal<{ readonly Component: FunctionComponent<Props> } | undefined>(undefined);
  const get = async () => {
    loaded.value ??= { Component: await load() };
  };
  ahead(get);
  return function Later(props: Props) {
    const part = loaded.value;
    useEffect(() => (part ? undefined : keepTrying(get, quietly)), [part]);
    return part ? h(part.Component, props) : null;
  };
}

/** Until it is there, or the function that it returns is called. The first failure is told, unless `quietly`. */
function keepTrying(get: () => Promise<void>, quietly: boolean): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const attempt = async (isTold: boolean) => {
    try {
      await get();
    } catch (error) {
      if (isOver) return;
      if (!isTold) fail(words().part, error);
      timer = setTimeout(attempt, PAUSE, true);
    }
  };
  void attempt(quietly);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
