/** What can be done where a name is taken. */

import type { Attributes, NamedEntry } from "sftpbridge-client";
import { typeOf } from "../files/mode.ts";

/** `merge` is for two folders, `replace` for anything but folders. */
export type Decision = "replace" | "merge" | "both" | "skip";

export interface Clash {
  readonly named: NamedEntry;
  readonly source: Attributes;
  readonly target: Attributes;
  /** Whether the same may come again. */
  readonly isOneOfMany?: boolean;
}

/** A folder is never replaced: all that is in it would be lost. */
export function choices({ source, target }: Pick<Clash, "source" | "target">): readonly Decision[] {
  const folders = [source, target].filter((it) => typeOf(it) === "directory").length;
  if (folders === 0) return ["skip", "both", "replace"];
  return folders === 2 ? ["skip", "both", "merge"] : ["skip", "both"];
}
