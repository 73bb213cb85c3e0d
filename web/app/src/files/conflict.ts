/** Asks what to do where a name is taken: one dialog at a time, while everything else goes on. */

import type { ConflictPolicy, FileType, SftpPath } from "sftpbridge-client";
import { ask } from "../ui/ask.tsx";
import { ConflictDialog } from "./conflict-dialog.tsx";

/** What can be done: as the library calls it, and `merge` for two folders. */
export type Decision = Exclude<ConflictPolicy, "error"> | "merge";

/** One side of a conflict. */
export interface Side {
  readonly type: FileType;
  readonly size?: number | undefined;
  /** Seconds since 1970. */
  readonly mtime?: number | undefined;
}

export interface Question<Possible extends Decision = Decision> {
  readonly name: string;
  /** Where both want to be. */
  readonly folder: SftpPath;
  /** What is on its way: from this device, or from elsewhere at the server. */
  readonly from: "device" | "server";
  readonly source: Side;
  readonly target: Side;
  /** What makes sense; `skip` is what leaving the dialog means, and always there. */
  readonly decisions: readonly Possible[];
  /** Whether there may be more of them, so that an answer can be for all. */
  readonly many: boolean;
  /** Ends all of what this came up in; the dialog goes by `signal`. */
  readonly stop: () => void;
}

export interface Answer<Possible extends Decision = Decision> {
  readonly decision: Possible | "skip";
  readonly all: boolean;
}

let turn: Promise<unknown> = Promise.resolve();

/** Asks when those before have been answered. Leaving the dialog leaves what is there as it is: `skip`, for this one. */
export function askConflict<Possible extends Decision>(
  question: Question<Possible>,
  signal?: AbortSignal,
): Promise<Answer<Possible>> {
  const mine = turn.then(() => {
    if (signal?.aborted) return undefined;
    return ask<Answer<Possible>>((asking) => ConflictDialog({ ...question, ...asking }), signal);
  });
  turn = mine;
  return mine.then((answer) => answer ?? { decision: "skip", all: false });
}
