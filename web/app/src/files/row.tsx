/** A row of the list. What is done with it is done by the list: see `pointing.ts`. */

import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { type Entry, shown } from "sftpbridge-client";
import { useWorkspace } from "../app/context.ts";
import { date, exactDate, number, size } from "../text/format.ts";
import { visible, visibleName } from "../text/name.ts";
import { kindOf } from "./icons.ts";
import type { LinkEnd } from "./links.ts";
import { keyOf } from "./listing.ts";
import { owner, permissions } from "./mode.ts";
import { words } from "./words.ts";

export const rowId = (index: number): string => `row-${index}`;

/** Milliseconds that a link is seen before it is asked where it leads: not while it flies past. */
const LOOK = 120;

/** In the place of a name while it is written over. */
export type NameField = ComponentType<{ readonly entry: Entry }>;

interface RowProps {
  readonly entry: Entry;
  readonly index: number;
  readonly place: number;
  readonly isCursor: boolean;
  readonly NameField: NameField;
}

export function Row({ entry, index, place, isCursor, NameField }: RowProps) {
  const workspace = useWorkspace();
  const end = useLinkEnd(entry);
  const key = keyOf(entry);
  const isSelected = workspace.selection.keys.value.has(key);
  const isRenamed = workspace.renaming.value === key;
  const kind = kindOf(entry, end);
  const Icon = kind.icon;
  const name = visibleName(entry);
  const { size: bytes, mtime, mode } = entry.attributes;
  return (
    <div
      id={rowId(index)}
      role="row"
      class={isCursor ? "row cursor" : "row"}
      data-key={key}
      data-cut={workspace.actions.isCut(workspace.path, key) || undefined}
      draggable={!isRenamed}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      aria-label={label(entry, end)}
      style={{ transform: `translateY(${place}px)` }}
    >
      <div role="gridcell" class="check" aria-colindex={1}>
        <input type="checkbox" tabIndex={-1} checked={isSelected} aria-label={words().select(name)} />
      </div>
      <div role="gridcell" class="name" aria-colindex={2}>
        <Icon class={`kind ${kind.name}`} size={20} aria-hidden="true" />
        {isRenamed && <NameField entry={entry} />}
        <span class="text" dir="auto" title={name}>
          <bdi>{name}</bdi>
          {end?.target !== undefined && (
            <span class="target">
              <span class="arrow"> → </span>
              <bdi>{visible(shown(end.target))}</bdi>
            </span>
          )}
        </span>
        {end?.type === "broken" && <span class="tag">{words().broken}</span>}
      </div>
      <div
        role="gridcell"
        class="size"
        aria-colindex={3}
        title={bytes === undefined ? "" : words().bytes(number(bytes))}
      >
        {entry.type === "file" && bytes !== undefined && <bdi>{size(bytes)}</bdi>}
      </div>
      <div
        role="gridcell"
        class="modified"
        aria-colindex={4}
        title={mtime === undefined ? "" : exactDate(mtime)}
      >
        {mtime !== undefined && <bdi>{date(mtime)}</bdi>}
      </div>
      <div role="gridcell" class="mode" aria-colindex={5}>
        {mode !== undefined && <bdi dir="ltr">{permissions(mode)}</bdi>}
      </div>
      <div role="gridcell" class="owner" aria-colindex={6}>
        <bdi>{visible(owner(entry))}</bdi>
      </div>
    </div>
  );
}

/** Where a link leads, as soon as it is known. */
function useLinkEnd(entry: Entry): LinkEnd | undefined {
  const { links } = useWorkspace();
  const isLink = entry.type === "symlink";
  useEffect(() => {
    if (!isLink) return undefined;
    const timer = setTimeout(() => links.look(entry), LOOK);
    return () => clearTimeout(timer);
  }, [entry, isLink, links]);
  return isLink ? links.endOf(entry).value : undefined;
}

/** For those who hear it: what one sees at a glance. */
function label(entry: Entry, end: LinkEnd | undefined): string {
  const say = words();
  const { size: bytes, mtime } = entry.attributes;
  const kinds = {
    directory: say.folder,
    symlink: end?.type === "broken" ? say.broken : say.link,
    file: "",
    other: "",
  };
  const parts = [
    visibleName(entry),
    kinds[entry.type],
    entry.type === "file" && bytes !== undefined ? size(bytes) : "",
    mtime === undefined ? "" : date(mtime),
  ];
  return parts.filter(Boolean).join(", ");
}
