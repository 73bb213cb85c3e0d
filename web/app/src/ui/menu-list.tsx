/** A menu that is open. By keyboard as the ARIA Authoring Practices have it. */

import { useEffect, useRef } from "preact/hooks";
import type { MenuItem, OpenMenu } from "./menu.tsx";
import { words } from "./words.ts";
import "./menu.css";

const MARGIN = 8;

export function MenuList({ groups, at, close }: OpenMenu & { readonly close: () => void }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const menu = element.current;
    if (!menu) return undefined;
    menu.showPopover();
    const { width, height } = menu.getBoundingClientRect();
    const rightToLeft = document.dir === "rtl";
    const left = rightToLeft ? at.right - width : at.left;
    const below = at.bottom + height + MARGIN <= innerHeight;
    menu.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - width - MARGIN))}px`;
    menu.style.top = `${Math.max(MARGIN, below ? at.bottom : at.top - height)}px`;
    itemsOf(menu)[0]?.focus();
    // Not by `popover="auto"`: the release of the button that opened a context menu would close it again.
    const beside = ({ target }: Event) => target instanceof Node && !menu.contains(target) && close();
    addEventListener("pointerdown", beside, true);
    // Its place is that of something which has moved.
    addEventListener("resize", close);
    // What it was about is not shown any more.
    addEventListener("hashchange", close);
    return () => {
      removeEventListener("pointerdown", beside, true);
      removeEventListener("resize", close);
      removeEventListener("hashchange", close);
    };
  }, [at, close]);
  return (
    <div
      ref={element}
      popover="manual"
      role="menu"
      aria-label={words().menu}
      class="menu"
      onKeyDown={(event) => move(event, element.current, close)}
      onContextMenu={(event) => event.preventDefault()}
    >
      {groups.map((group, index) => (
        <div key={index} role="group">
          {group.map((item) => (
            <Item key={item.label} {...item} close={close} />
          ))}
        </div>
      ))}
    </div>
  );
}

function Item({
  label,
  icon: Icon,
  keys,
  shownKeys,
  unavailable,
  checked,
  danger,
  run,
  close,
}: MenuItem & { readonly close: () => void }) {
  const choose = () => {
    if (unavailable !== undefined) return;
    close();
    run();
  };
  return (
    <button
      type="button"
      tabIndex={-1}
      {...(checked === undefined
        ? { role: "menuitem" }
        : { role: "menuitemcheckbox", "aria-checked": checked })}
      aria-disabled={unavailable !== undefined}
      aria-keyshortcuts={keys?.replace("Ctrl", "Control")}
      class={danger ? "danger" : ""}
      onClick={choose}
    >
      <span class="sign">{checked ? "✓" : Icon && <Icon size={16} aria-hidden="true" />}</span>
      <span class="label">
        {label}
        {unavailable && <small>{unavailable}</small>}
      </span>
      {keys && (
        <span class="accelerator" aria-hidden="true">
          {shownKeys}
        </span>
      )}
    </button>
  );
}

const itemsOf = (menu: Element) => [...menu.querySelectorAll<HTMLElement>("button")];

/** Arrows, Home and End; a letter leads to the next item that begins with it. */
function move(event: KeyboardEvent, menu: HTMLElement | null, close: () => void): void {
  event.stopPropagation();
  if (!menu) return;
  const items = itemsOf(menu);
  const now = items.indexOf(document.activeElement as HTMLElement);
  const to = target(event.key, items, now);
  if (to) {
    event.preventDefault();
    to.focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    close();
  }
}

function target(key: string, items: readonly HTMLElement[], now: number): HTMLElement | undefined {
  const { length } = items;
  if (key === "ArrowDown") return items[(now + 1) % length];
  if (key === "ArrowUp") return items[(now - 1 + length) % length];
  if (key === "Home") return items[0];
  if (key === "End") return items[length - 1];
  if (key.length !== 1 || key === " ") return undefined;
  const letter = key.toLocaleLowerCase();
  return [...items.slice(now + 1), ...items].find((item) =>
    item.querySelector(".label")?.textContent?.toLocaleLowerCase().startsWith(letter),
  );
}
