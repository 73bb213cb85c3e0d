/** What the next login begins with: a name and a way, and never a secret. It is kept in this browser after a login that succeeded. */

import type { Way } from "./ways.ts";

export interface Remembered {
  readonly user: string;
  readonly way: Way;
  /** The name of a key in this browser. */
  readonly key: string;
}

const KEPT = "login";
const NOTHING: Remembered = { user: "", way: "password", key: "" };

export function remembered(): Remembered {
  try {
    const { user, way, key } = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    // Others may write there, too.
    return [user, way, key].every((it) => typeof it === "string") ? { user, way, key } : NOTHING;
  } catch {
    return NOTHING;
  }
}

/** Without a storage it begins with nothing. */
export function remember(login: Remembered): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(login));
  } catch {}
}
