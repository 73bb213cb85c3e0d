/**
 * Mouse, pen and fingers on the list. A mouse selects by one click and opens by two; a finger opens by a tap, and selects by the
 * box or a long press, after which taps select, too.
 */

import { useEffect, useRef } from "preact/hooks";
import { useWorkspace } from "../app/context.ts";
import type { Workspace } from "../app/workspace.ts";

/** Milliseconds; pixels that a finger may tremble. */
const LONG = 500;
const TREMBLE = 10;

interface Hit {
  readonly key: string;
  readonly isCheck: boolean;
}

/** The row at something on the page. */
function hit(target: EventTarget | null): Hit | undefined {
  const element = target instanceof Element ? target : null;
  const key = element?.closest<HTMLElement>("[data-key]")?.dataset.key;
  return key === undefined ? undefined : { key, isCheck: element?.closest(".check") != null };
}

const isInHead = (target: EventTarget | null) =>
  target instanceof Element && target.closest(".head") !== null;

function click(event: MouseEvent, workspace: Workspace, isFinger: boolean): void {
  const { selection, rows } = workspace;
  const at = hit(event.target);
  if (!at) {
    if (!isInHead(event.target)) selection.none();
  } else if (event.shiftKey) selection.extend(at.key, rows, event.ctrlKey || event.metaKey);
  else if (at.isCheck || event.ctrlKey || event.metaKey) selection.toggle(at.key);
  else if (!isFinger) selection.only(at.key);
  else if (selection.keys.value.size) selection.toggle(at.key);
  else {
    selection.move(at.key);
    workspace.perform("open");
  }
}

/** At a place. On a row that is not selected, that row alone becomes so; on empty ground, none. */
function showMenu({ target, clientX, clientY }: MouseEvent, workspace: Workspace): void {
  const { selection } = workspace;
  const at = hit(target);
  if (!at) selection.none();
  else if (!selection.keys.value.has(at.key)) selection.only(at.key);
  workspace.contextMenu({ x: clientX, y: clientY });
}

/** Handlers for the list. */
export function usePointing() {
  const workspace = useWorkspace();
  const finger = useRef({
    down: false,
    x: 0,
    y: 0,
    timer: 0 as unknown as ReturnType<typeof setTimeout>,
    long: false,
  });
  useEffect(() => () => clearTimeout(finger.current.timer), []);
  const lift = () => clearTimeout(finger.current.timer);
  return {
    onPointerDown(event: PointerEvent) {
      const now = finger.current;
      now.down = event.pointerType === "touch";
      now.long = false;
      if (!now.down || isInHead(event.target)) return;
      Object.assign(now, { x: event.clientX, y: event.clientY });
      clearTimeout(now.timer);
      now.timer = setTimeout(() => {
        now.long = true;
        showMenu(event, workspace);
      }, LONG);
    },
    onPointerMove({ clientX, clientY }: PointerEvent) {
      const { x, y } = finger.current;
      if (Math.hypot(clientX - x, clientY - y) > TREMBLE) lift();
    },
    onPointerUp: lift,
    onPointerCancel: lift,
    onClick(event: MouseEvent) {
      // The click that follows a long press is none.
      if (!finger.current.long) click(event, workspace, finger.current.down);
      finger.current.long = false;
    },
    onDblClick(event: MouseEvent) {
      const at = hit(event.target);
      if (at && !at.isCheck && !finger.current.down) workspace.perform("open");
    },
    onContextMenu(event: MouseEvent) {
      if (isInHead(event.target)) return;
      event.preventDefault();
      lift();
      // Some browsers have their own long press, which comes here.
      if (!finger.current.long) showMenu(event, workspace);
      finger.current.long = finger.current.down;
    },
  };
}
