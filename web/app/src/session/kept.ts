/**
 * The way back after this tab is loaded again: the resume token, in the tab's own `sessionStorage`. It is there only between
 * `pagehide` and the next start of the page. While the page runs there is nothing, so that a tab that is duplicated, which
 * copies the storage, has no token that both would use.
 */

import type { Resumption } from "sftpbridge-client";

const KEPT = "resumption";

/** Without a storage the person logs in again. */
export function keep(resumption: Resumption): void {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(resumption));
  } catch {}
}

/** What was kept, once. */
export function takeKept(): Resumption | undefined {
  try {
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    const { token, upstream, user } = JSON.parse(kept ?? "null");
    return [token, upstream, user].every((it) => typeof it === "string")
      ? { token, upstream, user, seconds: 0 }
      : undefined;
  } catch {
    return undefined;
  }
}
