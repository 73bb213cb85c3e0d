/** What is at a path now. */

import {
  type Attributes,
  type Entry,
  join,
  type NamedEntry,
  SftpError,
  type SftpPath,
} from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { typeOf } from "../files/mode.ts";
import { numbered } from "./names.ts";

/** A link as itself; nothing where there is nothing. */
export async function look(
  client: RemoteClient,
  path: SftpPath,
  signal?: AbortSignal,
): Promise<Attributes | undefined> {
  try {
    return await client.lstat(path, { signal });
  } catch (error) {
    if (error instanceof SftpError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Whether what was there before may be the same as what is there now: the protocol has nothing that would prove it. A folder
 * changes by what is put into it.
 */
export const isSameThing = (before: Attributes, now: Attributes): boolean =>
  typeOf(before) === typeOf(now) &&
  before.uid === now.uid &&
  (typeOf(now) === "directory" || (before.size === now.size && before.mtime === now.mtime));

export const entryOf = ({ name, rawName }: NamedEntry, attributes: Attributes): Entry => ({
  name,
  ...(rawName && { rawName }),
  longname: "",
  attributes,
  type: typeOf(attributes),
});

/** How many numbers are tried. */
const MOST = 9_999;

/** The first of "name (2)", "name (3)" and so on that nothing has. */
export async function freeName(
  client: RemoteClient,
  directory: SftpPath,
  entry: Pick<Entry, "name" | "rawName" | "type">,
  signal?: AbortSignal,
): Promise<NamedEntry> {
  for (let count = 2; count < MOST; count++) {
    const named = numbered(entry, count, entry.type === "directory");
    if (!(await look(client, join(directory, named), signal))) return named;
  }
  throw new RangeError(`${MOST} names like this are taken`);
}
