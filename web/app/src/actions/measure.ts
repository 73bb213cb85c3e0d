/** How much there is in folders. */

import type { Attributes, Entry, SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";

export interface Measure {
  /** Links among them. */
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  /** Folders that could not be read. */
  readonly unread: number;
  /** Whether all of it was gone through. */
  readonly isComplete: boolean;
}

export const NOTHING: Measure = { files: 0, folders: 0, bytes: 0, unread: 0, isComplete: false };

/** Milliseconds between two reports. */
const PACE = 100;

/** Something to be measured. */
export interface Measured {
  readonly path: SftpPath;
  readonly type: Entry["type"];
  readonly attributes: Attributes;
}

/** These themselves and all that is in them, links not followed. `report` hears how far it is. */
export async function measure(
  client: RemoteClient,
  things: readonly Measured[],
  signal: AbortSignal,
  report: (measure: Measure) => void,
): Promise<Measure> {
  let found = NOTHING;
  let due = 0;
  const count = ({ type, attributes: { size = 0 } }: Omit<Measured, "path">) => {
    const isFolder = type === "directory";
    found = {
      ...found,
      files: found.files + Number(!isFolder),
      folders: found.folders + Number(isFolder),
      bytes: found.bytes + (isFolder ? 0 : size),
    };
    if (performance.now() < due) return;
    due = performance.now() + PACE;
    report(found);
  };
  const onError = () => {
    found = { ...found, unread: found.unread + 1 };
  };
  for (const thing of things) {
    count(thing);
    if (thing.type !== "directory") continue;
    for await (const { entry } of client.walk(thing.path, { signal, strict: true, onError })) count(entry);
  }
  found = { ...found, isComplete: true };
  report(found);
  return found;
}
