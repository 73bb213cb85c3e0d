/** The head of the list: its columns, by which it is sorted. Where there is room for one line only, a menu of them. */

import { ArrowDown, ArrowUp } from "lucide-preact";
import { useWorkspace } from "../app/context.ts";
import { openMenu } from "../ui/menu.tsx";
import { COLUMNS } from "./sorter.ts";
import { words } from "./words.ts";

export function Header() {
  const { rows, selection, selected } = useWorkspace();
  const { by, descending } = rows.sort.value;
  const Arrow = descending ? ArrowDown : ArrowUp;
  const count = selected.value.length;
  return (
    <div class="head" role="rowgroup">
      <div class="columns" role="row" aria-rowindex={1}>
        <div role="columnheader" class="check" aria-colindex={1}>
          <input
            type="checkbox"
            aria-label={words().selectAll}
            checked={count > 0 && count === rows.length}
            indeterminate={count > 0 && count < rows.length}
            onChange={(event) => (event.currentTarget.checked ? selection.all(rows) : selection.none())}
          />
        </div>
        {COLUMNS.map((column, index) => (
          <div
            key={column}
            role="columnheader"
            class={column}
            aria-colindex={index + 2}
            aria-sort={column !== by ? "none" : descending ? "descending" : "ascending"}
          >
            <button type="button" onClick={() => rows.sortBy(column)}>
              {words()[column]}
              {column === by && <Arrow size={14} aria-hidden="true" />}
            </button>
          </div>
        ))}
        <div role="columnheader" class="by" aria-colindex={2}>
          <button type="button" aria-haspopup="menu" onClick={(event) => openSortMenu(event.currentTarget)}>
            {words().sortedBy(words()[by])}
            <Arrow size={14} aria-hidden="true" />
          </button>
        </div>
      </div>
    </div>
  );

  function openSortMenu(at: Element): void {
    const items = COLUMNS.map((column) => ({
      label: words()[column],
      checked: column === by,
      run: () => rows.sortBy(column),
    }));
    openMenu([items], at);
  }
}
