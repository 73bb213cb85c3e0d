/** What was uploaded into the folder that is shown appears there. */

import type { Workspace } from "../app/workspace.ts";
import type { Row } from "./row.ts";

/** Milliseconds between two looks at the folder; more where a look takes long. */
const PAUSE = 1000;
const SHARE = 5;

/** Until the function that it returns is called. */
export function refreshListing(workspace: Workspace): () => void {
  const { transfers, listing } = workspace;
  const seen = new WeakMap<Row, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wanted = false;
  let busy = false;

  const isShown = ({ info: { kind, folder } }: Row) =>
    kind === "upload" && workspace.linkTo(folder) === workspace.linkTo(listing.path.peek());

  /** Something is there that was not; of a folder only its own name, so once at its beginning and once at its end. */
  const isNews = (row: Row) => {
    const state = row.info.many && row.info.name ? Math.min(1, row.done) + Number(row.over) : row.done;
    const before = seen.get(row) ?? 0;
    seen.set(row, state);
    return state > before;
  };

  const look = async () => {
    timer = undefined;
    if (!wanted || busy) return;
    [wanted, busy] = [false, true];
    const begin = performance.now();
    await listing.refresh();
    busy = false;
    timer = setTimeout(look, Math.max(PAUSE, SHARE * (performance.now() - begin)));
  };

  const changed = () => {
    for (const row of transfers.rows.peek()) if (isNews(row) && isShown(row)) wanted = true;
    if (wanted && !timer && !busy) void look();
  };
  transfers.onChange.add(changed);
  changed();
  return () => {
    transfers.onChange.delete(changed);
    clearTimeout(timer);
  };
}
