/** The way from what was chosen to rows of transfers. */

import { type Entry, join, type SftpPath, shown } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { typeOf } from "../files/mode.ts";
import { fail, say } from "../ui/notices.tsx";
import { type Handed, handOver } from "./hand-over.ts";
import { FileTask, PickedFolder, pickFile, pickFolder } from "./picked.ts";
import type { LeftOut } from "./tree.ts";
import { words } from "./words.ts";

/** A file by itself, anything else as one zip. From the folder where it was chosen, wherever the person is by then. */
export async function download(
  workspace: Workspace,
  chosen: readonly Entry[],
  folder: SftpPath = workspace.path,
): Promise<void> {
  const [only] = chosen;
  if (!only) return;
  if (chosen.length === 1 && (await isFile(workspace, folder, only))) downloadFile(workspace, folder, only);
  else downloadZip(workspace, folder, chosen);
}

async function isFile(workspace: Workspace, folder: SftpPath, entry: Entry): Promise<boolean> {
  if (entry.type !== "symlink") return entry.type === "file";
  return typeOf(await workspace.client.stat(join(folder, entry))) === "file";
}

function downloadFile(workspace: Workspace, folder: SftpPath, entry: Entry): void {
  const path = join(folder, entry);
  const { client } = workspace;
  handTo(workspace, folder, entry.name, entry.attributes.size, async (signal) => {
    const { size } = await client.stat(path, { signal });
    return {
      name: entry.name,
      // Some have contents although they are said to be empty: those of /proc.
      size: size || undefined,
      open: (start, end) => client.readable(path, { start, end }),
    };
  });
}

function downloadZip(workspace: Workspace, folder: SftpPath, chosen: readonly Entry[]): void {
  const { client } = workspace;
  const name = `${nameOfZip(folder, chosen)}.zip`;
  handTo(workspace, folder, name, undefined, async () => {
    const { zipStream } = await import("./zipping.ts");
    const leftOut = (all: readonly LeftOut[], count: number) => tell(name, all, count);
    return { name, size: undefined, open: () => zipStream({ client, folder, chosen, leftOut }) };
  });
}

/** Of the one thing that is in it, or of the folder where all of it is. */
function nameOfZip(folder: SftpPath, chosen: readonly Entry[]): string {
  const [only, ...others] = chosen;
  if (only && !others.length) return only.name;
  return shown(folder).split("/").filter(Boolean).at(-1) ?? words().files;
}

/** What is missing is told at the end, and in the zip itself. */
function tell(name: string, all: readonly LeftOut[], count: number): void {
  if (!count) return;
  const failed = all.find(({ error }) => error !== undefined);
  if (failed) fail(words().leftOut(count, name), failed.error);
  else say(words().linksLeftOut(count, name));
}

function handTo(
  workspace: Workspace,
  folder: SftpPath,
  name: string,
  size: number | undefined,
  describe: (signal: AbortSignal) => Promise<Handed>,
): void {
  const { client, transfers } = workspace;
  const start = () => handOver(client, describe, () => transfers.cancel(row));
  const row = transfers.add(start, { kind: "download", name, folder, size });
}

/** To a place that the person picks. */
export async function downloadTo(
  workspace: Workspace,
  chosen: readonly Entry[],
  folder: SftpPath,
): Promise<void> {
  const { client, transfers } = workspace;
  const [only] = chosen;
  if (chosen.length === 1 && only?.type === "file") {
    const handle = await pickFile(only.name);
    if (!handle) return;
    const { size } = only.attributes;
    const path = join(folder, only);
    const task = new FileTask(client, path, async () => handle, { name: "", size });
    transfers.addAll(() => [task], { kind: "download", name: only.name, folder, size });
    return;
  }
  const root = await pickFolder();
  if (!root) return;
  const picked = await PickedFolder.of(root);
  const name = chosen.length === 1 ? only?.name : "";
  transfers.addAll(() => picked.tasks(client, folder, chosen, new AbortController().signal), {
    kind: "download",
    name: name ?? "",
    folder,
    many: true,
  });
}
