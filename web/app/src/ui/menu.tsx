/** Menus: at a button, or where the pointer is. */

import { signal } from "@preact/signals";
import type { LucideIcon } from "lucide-preact";
import { later } from "./later.tsx";
import { words } from "./words.ts";

export interface MenuItem {
  readonly label: string;
  readonly icon?: LucideIcon | undefined;
  /** As KeyboardEvent has them: Ctrl+Delete. */
  readonly keys?: string | undefined;
  /** As they stand on the keyboard: Strg+Entf. */
  readonly shownKeys?: string;
  /** Why it cannot be chosen. */
  readonly unavailable?: string | undefined;
  readonly checked?: boolean | undefined;
  readonly danger?: boolean | undefined;
  readonly run: () => void;
}

/** Groups are divided by a line. */
export type MenuGroups = readonly (readonly MenuItem[])[];

export interface OpenMenu {
  readonly groups: MenuGroups;
  readonly at: DOMRect;
  /** Gets the focus back. */
  readonly from: Element | null;
}

const MenuList = later(async () => (await import("./menu-list.tsx")).MenuList);

const open = signal<OpenMenu | undefined>(undefined);

/** Opens at an element, or where the pointer is; there is one menu at a time. */
export function openMenu(groups: MenuGroups, at: Element | { readonly x: number; readonly y: number }): void {
  const place = at instanceof Element ? at.getBoundingClientRect() : new DOMRect(at.x, at.y);
  const full = groups.filter((group) => group.length > 0);
  if (full.length) open.value = { groups: full, at: place, from: document.activeElement };
}

function close(): void {
  const from = open.value?.from;
  open.value = undefined;
  if (from instanceof HTMLElement) from.focus();
}

/** Where the menu appears: once. */
export function Menus() {
  if (!open.value) return null;
  // A landmark, since menus are no part of what they are opened from.
  return (
    <section aria-label={words().menu}>
      <MenuList key={open.value} {...open.value} close={close} />
    </section>
  );
}
