/** The windows of a session, one for READs and one for WRITEs: made at its first transfer. */

import { Type } from "../codec/numbers.ts";
import { realpath } from "../codec/request.ts";
import type { Session } from "../session/session.ts";
import { adaptiveWindows } from "./adaptive.ts";
import type { ByteWindow } from "./window.ts";

export type Direction = "read" | "write";

const windows = new WeakMap<Session, Readonly<Record<Direction, ByteWindow>>>();

/** Other than the usual windows, for comparisons. */
export const useWindows = (session: Session, both: Readonly<Record<Direction, ByteWindow>>) =>
  windows.set(session, both);

/** The window that all READs, or all WRITEs, of a session share. */
export function windowOf(session: Session, direction: Direction = "read"): ByteWindow {
  let both = windows.get(session);
  if (!both) {
    const made = adaptiveWindows(() => session.request(realpath("."), Type.NAME, { operation: "realpath" }));
    session.closed.then(made.end);
    both = made;
    windows.set(session, made);
  }
  return both[direction];
}
