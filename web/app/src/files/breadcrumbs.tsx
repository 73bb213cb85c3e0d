/** Where the person is, with a link to each directory above. Where there is no room, those in the middle are a menu. */

import { signal } from "@preact/signals";
import { useWorkspace } from "../app/context.ts";
import { visibleName } from "../text/name.ts";
import { useFitting } from "../ui/fitting.ts";
import { later } from "../ui/later.tsx";
import { openMenu } from "../ui/menu.tsx";
import { focusList } from "./focus.ts";
import { type Ancestor, ancestors } from "./place.ts";
import { words } from "./words.ts";

const PathField = later(async () => (await import("./path-field.tsx")).PathField);

export const isEditingPath = signal(false);

const nameIn = (crumb: Ancestor) => (crumb.path === "/" ? words().root : visibleName(crumb));

export function Breadcrumbs() {
  const workspace = useWorkspace();
  const way = ancestors(workspace.listing.path.value);
  const { ref, fits } = useFitting<HTMLElement>(
    way.length - 1,
    workspace.linkTo(workspace.listing.path.value),
  );
  if (isEditingPath.value) return <PathField />;
  // The last of them is where one is: it stays, and the ones right above it stay longest.
  const hidden = way.slice(0, way.length - 1 - fits);
  const shown = way.slice(hidden.length);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: by keyboard it is Ctrl+L
    <nav
      ref={ref}
      class="breadcrumbs"
      aria-label={words().path}
      title={words().editPath}
      onClick={(event) => {
        if (!(event.target as Element).closest("a, button")) isEditingPath.value = true;
      }}
    >
      <ol>
        {hidden.length > 0 && (
          <li>
            <button
              type="button"
              aria-haspopup="menu"
              aria-label={words().foldersAbove}
              onClick={(event) => openAbove(event.currentTarget)}
            >
              …
            </button>
          </li>
        )}
        {shown.map((crumb, index) => (
          <li
            key={workspace.linkTo(crumb.path)}
            class={index < shown.length - 1 ? "" : fits ? "here" : "here alone"}
          >
            <a
              href={workspace.linkTo(crumb.path)}
              data-place={workspace.linkTo(crumb.path)}
              aria-current={index === shown.length - 1 ? "page" : undefined}
              onClick={focusList}
            >
              <bdi>{nameIn(crumb)}</bdi>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );

  function openAbove(at: Element): void {
    const items = hidden.toReversed().map((crumb) => ({
      label: nameIn(crumb),
      run: () => workspace.go(crumb.path),
    }));
    openMenu([items], at);
  }
}
