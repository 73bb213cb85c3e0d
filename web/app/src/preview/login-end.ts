/** The end of a login, for what must not outlive it. */

import type { Session } from "../session/session.ts";
import { session } from "../session/session.ts";

/** Aborted when it ends. `forget` ends the waiting. */
export function endOf(mine: Session): { readonly signal: AbortSignal; readonly forget: () => void } {
  const end = new AbortController();
  const forget = session.subscribe((now) => {
    if (now !== mine) end.abort();
  });
  return { signal: end.signal, forget };
}
