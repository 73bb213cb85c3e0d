/** The list of a directory: a grid, of which only the rows that are to be seen exist. */

import { useEffect, useRef } from "preact/hooks";
import { useWorkspace } from "../app/context.ts";
import { LIST_ID } from "./focus.ts";
import { Header } from "./header.tsx";
import { onKey, TypeAhead } from "./list-keys.ts";
import { keyOf } from "./listing.ts";
import { usePointing } from "./pointing.ts";
import { type NameField, Row, rowId } from "./row.tsx";
import { COLUMNS } from "./sorter.ts";
import { ListState } from "./states.tsx";
import { words } from "./words.ts";
import "./list.css";

export function FileList({ NameField }: { readonly NameField: NameField }) {
  const workspace = useWorkspace();
  const { rows, listing, view, selection } = workspace;
  const scroller = useRef<HTMLDivElement>(null);
  const typed = useRef(new TypeAhead());
  const pointing = usePointing();
  useEffect(() => (scroller.current ? measure(scroller.current) : undefined), []);
  useEffect(() => (scroller.current ? view.attach(scroller.current) : undefined), [view]);

  function measure(element: HTMLElement) {
    const [head, sample] = [".head", ".sample"].map((part) => element.querySelector(part));
    const observer = new ResizeObserver(() => {
      view.height.value = element.clientHeight - (head?.clientHeight ?? 0);
      view.rowHeight.value = sample?.getBoundingClientRect().height || 36;
    });
    for (const part of [element, head, sample]) if (part) observer.observe(part);
    return () => observer.disconnect();
  }

  const [first, last] = [view.first.value, view.last.value];
  const cursor = rows.indexOf(selection.cursor.value);
  const active = Math.max(cursor, 0);
  return (
    <div
      id={LIST_ID}
      ref={scroller}
      role="grid"
      class="list"
      tabIndex={0}
      aria-label={words().files}
      aria-multiselectable
      aria-rowcount={rows.length + 1}
      aria-colcount={COLUMNS.length + 1}
      aria-busy={listing.state.value === "loading"}
      aria-activedescendant={active >= first && active < last ? rowId(active) : undefined}
      onKeyDown={(event) => onKey(event, workspace, typed.current)}
      {...pointing}
    >
      <div class="sample" aria-hidden="true" />
      <Header />
      <div class="rows" role="rowgroup" style={{ height: view.canvas }}>
        {rows.shown.value.slice(first, last).map((entry, index) => (
          <Row
            key={keyOf(entry)}
            entry={entry}
            index={first + index}
            place={view.place(first + index)}
            isCursor={first + index === active}
            NameField={NameField}
          />
        ))}
      </div>
      <ListState />
    </div>
  );
}
