/** The filter of the list. */

import { Search, X } from "lucide-preact";
import { useWorkspace } from "../app/context.ts";
import { IconButton } from "../ui/button.tsx";
import { focusList } from "./focus.ts";
import { words } from "./words.ts";

const FILTER_ID = "filter";

export function focusFilter(): void {
  const field = document.getElementById(FILTER_ID);
  if (field instanceof HTMLInputElement) field.select();
}

export function Filter() {
  const { rows, selection, view } = useWorkspace();
  const clear = () => {
    rows.filter.value = "";
    focusList();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter and Escape are for what is being composed.
    if (event.isComposing) return;
    if (event.key === "Escape") clear();
    else if (event.key === "Enter" || event.key === "ArrowDown") {
      const first = rows.keyAt(0);
      if (first !== undefined) selection.only(first);
      focusList();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="filter">
      <label>
        <Search size={18} aria-hidden="true" />
        <input
          id={FILTER_ID}
          type="search"
          aria-label={words().filter}
          placeholder={words().filter}
          value={rows.filter.value}
          spellcheck={false}
          autocomplete="off"
          enterkeyhint="done"
          onInput={(event) => {
            rows.filter.value = event.currentTarget.value;
            view.go(0);
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      {rows.filter.value && <IconButton icon={X} label={words().clearFilter} onClick={clear} />}
    </div>
  );
}
