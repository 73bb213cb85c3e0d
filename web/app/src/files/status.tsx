/** What is here, what is selected, and what is free: at the end of the page, and for those who hear it. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useWorkspace } from "../app/context.ts";
import type { Workspace } from "../app/workspace.ts";
import { patience } from "../session/patience.ts";
import { size } from "../text/format.ts";
import { words } from "./words.ts";

/** Milliseconds without another change before it is said: nobody wants to hear all of them. */
const PAUSE = 500;

export function Status() {
  const workspace = useWorkspace();
  const isLoading = workspace.listing.state.value === "loading";
  const [here, selected] = [entriesOf(workspace), selectionOf(workspace)];
  const said = useSignal("");
  const text = isLoading ? "" : [here, selected].filter(Boolean).join(", ");
  useEffect(() => {
    const timer = setTimeout(() => {
      said.value = text;
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [text, said]);
  return (
    <footer class="status">
      <span>{here}</span>
      {selected && <span class="selected">{selected}</span>}
      <FreeSpace />
      <span role="status" class="unseen">
        {said}
      </span>
    </footer>
  );
}

function entriesOf({ listing, rows }: Workspace): string {
  const say = words();
  const { length } = rows;
  if (listing.state.value === "failed" && !length) return "";
  if (listing.state.value === "loading") return length ? say.soFar(length) : say.loading;
  return rows.filter.value ? say.of(length, listing.entries.value.length) : say.entries(length);
}

function selectionOf({ selected }: Workspace): string {
  const files = selected.value.filter(({ type }) => type === "file");
  const bytes = files.reduce((sum, { attributes }) => sum + (attributes.size ?? 0), 0);
  if (!selected.value.length) return "";
  return words().selected(selected.value.length) + (files.length ? ` (${size(bytes)})` : "");
}

/** Nothing where the server does not tell. */
function FreeSpace() {
  const { client, listing } = useWorkspace();
  const free = useSignal<number | undefined>(undefined);
  const [path, isComplete] = [listing.path.value, listing.state.value === "complete"];
  useEffect(() => {
    if (!isComplete) return undefined;
    const stop = new AbortController();
    const options = { signal: AbortSignal.any([stop.signal, patience()]) };
    const ask = async () => {
      if (!(await client.supports("statvfs@openssh.com", options))) return;
      const { availableBlocks, fragmentSize } = await client.statvfs(path, options);
      free.value = availableBlocks * fragmentSize;
    };
    ask().catch(() => {
      free.value = undefined;
    });
    return () => stop.abort();
  }, [client, path, isComplete, free]);
  return free.value === undefined ? null : <span class="free">{words().free(size(free.value))}</span>;
}
