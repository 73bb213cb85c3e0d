/** All that looks after transfers. Each looks at once, since the first have begun already. */

import type { Workspace } from "../app/workspace.ts";
import { stayAwake } from "./awake.ts";
import { Questions } from "./conflicts.ts";
import { indicate } from "./indicator.ts";
import { refreshListing } from "./refresh.ts";

/** Until the function that it returns is called. */
export function attendAll(workspace: Workspace): () => void {
  const { transfers } = workspace;
  const questions = new Questions(transfers);
  const stops = [
    indicate(transfers),
    stayAwake(transfers),
    refreshListing(workspace),
    () => questions.close(),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
