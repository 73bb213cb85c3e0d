/** What the properties are of, as it is now. */

import { type Attributes, type FileType, join, type NamedEntry, type SftpPath } from "sftpbridge-client";
import type { Workspace } from "../../app/workspace.ts";
import { typeOf } from "../../files/mode.ts";
import { nameOf, parentOf } from "../../files/place.ts";
import { patience } from "../../session/patience.ts";
import { forEach } from "../batch.ts";

export interface Subject {
  readonly path: SftpPath;
  /** Where it is. */
  readonly directory: SftpPath;
  readonly named: NamedEntry;
  readonly type: FileType;
  readonly attributes: Attributes;
  /** Of a link. */
  readonly target?: SftpPath | undefined;
}

const WIDTH = 16;

/** What is selected, or the directory itself where nothing is. Rejects where one of it is not there any more. */
export async function subjectsOf(workspace: Workspace, milliseconds?: number): Promise<readonly Subject[]> {
  const { client, path: here, selected } = workspace;
  const entries = selected.value;
  const paths = entries.length ? entries.map((entry) => join(here, entry)) : [here];
  const found = new Map<SftpPath, Subject>();
  const signal = patience(milliseconds);
  const look = async (path: SftpPath) => {
    const attributes = await client.lstat(path, { signal });
    const type = typeOf(attributes);
    const target = type === "symlink" ? await client.readlink(path, { signal }) : undefined;
    found.set(path, { path, directory: parentOf(path), named: nameOf(path), type, attributes, target });
  };
  const [failure] = await forEach(paths, { width: WIDTH, signal }, (path) => path, look);
  if (failure) throw failure.error;
  return paths.flatMap((path) => found.get(path) ?? []);
}
