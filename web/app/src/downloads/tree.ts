/** What was chosen, with all that is in it, under names that every device takes. */

import { type Entry, type FileType, join, localName, type SftpPath, shown } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { typeOf } from "../files/mode.ts";

/** A file or a directory of the tree. */
export interface Leaf {
  readonly path: SftpPath;
  /** Where it goes to, with slashes: no part is empty, `.` or `..`, and no two are the same. */
  readonly place: string;
  readonly type: "file" | "directory";
  readonly attributes: Entry["attributes"];
}

/** Something of it that is left out. Without an error because it is a link, or no file. */
export interface LeftOut {
  readonly path: SftpPath;
  readonly error?: unknown;
}

export interface TreeOptions {
  readonly signal: AbortSignal;
  readonly leaveOut: (it: LeftOut) => void;
  /** Names that are taken where the tree goes to. */
  readonly taken?: Set<string>;
}

type Looking = Pick<RemoteClient, "stat" | "walk">;

/** A directory of the tree: where it goes to, and the names in it. */
interface Place {
  readonly place: string;
  readonly taken: Set<string>;
}

/**
 * Directories come before what is in them. A link that was chosen is followed; those inside of directories are left out, since
 * they may lead anywhere, also back. Rejects where the connection is lost for good.
 */
export async function* tree(
  client: Looking,
  folder: SftpPath,
  chosen: readonly Entry[],
  { signal, leaveOut, taken = new Set() }: TreeOptions,
): AsyncGenerator<Leaf> {
  for (const entry of chosen) {
    const path = join(folder, entry);
    try {
      const attributes = entry.type === "symlink" ? await client.stat(path, { signal }) : entry.attributes;
      const type: FileType = entry.type === "symlink" ? typeOf(attributes) : entry.type;
      if (type !== "file" && type !== "directory") {
        leaveOut({ path });
        continue;
      }
      const place = nameIn(entry, taken);
      yield { path, place, type, attributes };
      if (type === "directory") yield* below(client, path, place, signal, leaveOut);
    } catch (error) {
      if (isEnd(error, signal)) throw error;
      leaveOut({ path, error });
    }
  }
}

async function* below(
  client: Looking,
  path: SftpPath,
  place: string,
  signal: AbortSignal,
  leaveOut: TreeOptions["leaveOut"],
): AsyncGenerator<Leaf> {
  const top: Place = { place, taken: new Set() };
  const places = new Map<string, Place>();
  const onError = (error: Error, step: { readonly path: SftpPath }) => leaveOut({ path: step.path, error });
  for await (const { path: at, entry, parent, depth } of client.walk(path, { signal, onError })) {
    const above = depth > 1 && parent ? places.get(keyOf(parent.path)) : top;
    if (!above || (entry.type !== "file" && entry.type !== "directory")) {
      leaveOut({ path: at });
      continue;
    }
    const here = `${above.place}/${nameIn(entry, above.taken)}`;
    if (entry.type === "directory") places.set(keyOf(at), { place: here, taken: new Set() });
    yield { path: at, place: here, type: entry.type, attributes: entry.attributes };
  }
}

const nameIn = ({ name }: Entry, taken: Set<string>) => localName(name || "_", taken);

const keyOf = (path: SftpPath) => (typeof path === "string" ? path : `\0${path.join()}`);

/** Whether nothing that comes can succeed either. */
export const isEnd = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted || (error instanceof Error && error.name === "ConnectionError");

/** For lists: text, one line each. */
export const shownPath = (path: SftpPath): string => shown(path);
