/** Folders up and down: each file is a transfer of its own. */

import type { CoreClient } from "../client/core-client.ts";
import { join, type SftpPath } from "../path.ts";
import { onEachSession } from "../transfer/attempts.ts";
import type { DownloadOptions } from "../transfer/download.ts";
import type { UploadOptions } from "../transfer/options.ts";
import type { Sink } from "../transfer/sink.ts";
import type { Transfer } from "../transfer/transfer.ts";
import { type FolderTransfer, folderTransfer, type Parallel } from "./batch.ts";
import { makeDirectories } from "./mkdir.ts";
import { failure, isName } from "./names.ts";
import type { SourceEntry } from "./source.ts";
import { eachBelow, type Step } from "./walk.ts";

export type UploadFolderOptions = UploadOptions & Parallel;

/** What folders need of a client. */
export interface TransferringClient extends CoreClient {
  upload(source: Blob, path: SftpPath, options: UploadOptions): Transfer<unknown>;
  download(path: SftpPath, sink: Sink, options: DownloadOptions): Transfer<unknown>;
}

/** Into `target`, which is made where it is missing. Directories that are there are kept and filled. */
export function uploadFolder(
  client: TransferringClient,
  source: AsyncIterable<SourceEntry> | Iterable<SourceEntry>,
  target: SftpPath,
  options: UploadFolderOptions = {},
): FolderTransfer {
  return folderTransfer(options, async ({ control, totals, add, follow }) => {
    const { signal } = control;
    const made: Record<string, Promise<void>> = Object.create(null);
    /** Each once, but for a lost connection. */
    const directory = async (path: string) => {
      const make = () => makeDirectories(client, join(target, path), { signal });
      made[path] ??= onEachSession(client.connection, control, () => totals.bytes, make, options.retry);
      await made[path];
    };
    await directory("");
    for await (const { path, file } of source) {
      const place = path.join("/");
      await add(place, async () => {
        if (!path.every(isName)) throw failure("upload", place, "a part of it is no name");
        if (!file) return directory(place);
        await directory(path.slice(0, -1).join("/"));
        const blob = typeof file === "function" ? await file() : file;
        await follow(client.upload(blob, join(target, place), { ...options, signal }));
      });
    }
  });
}

/** A directory that is downloaded to. */
export interface FolderTarget {
  /** One in it, made where it is missing. */
  directory(name: string): Promise<FolderTarget>;
  /** What one of its files goes to. */
  file(name: string): Sink | Promise<Sink>;
}

/** A directory of the browser; files of the same names are replaced. */
export function folderTarget(handle: FileSystemDirectoryHandle): FolderTarget {
  const options = { create: true };
  return {
    directory: async (name) => folderTarget(await handle.getDirectoryHandle(name, options)),
    file: (name) => handle.getFileHandle(name, options),
  };
}

/** How to download a folder: as each of its files. Links are left out. */
export interface DownloadFolderOptions extends DownloadOptions, Parallel {}

/** A directory of the target, and the names in it. */
type Place = readonly [target: FolderTarget, taken: Set<string>];

/** What is in the directory `path`. Names are changed where the target may not take them: see `localName`. */
export function downloadFolder(
  client: TransferringClient,
  path: SftpPath,
  target: FolderTarget,
  options: DownloadFolderOptions = {},
): FolderTransfer {
  return folderTransfer(options, (folder) => {
    const { control, totals, follow } = folder;
    const { signal } = control;
    const one = async ({ path, entry: { name, type } }: Step, above: Place): Promise<Place> => {
      const [target, taken] = above;
      if (type === "directory") return [await target.directory(localName(name, taken)), new Set()];
      if (type === "file") {
        const sink = await target.file(localName(name, taken));
        await follow(client.download(path, sink, { ...options, signal }));
      } else totals.skipped++;
      return above;
    };
    return eachBelow(client, path, [target, new Set()] as Place, folder, { signal }, one);
  });
}

/**
 * A name that Windows and macOS take, too, and that is not in `taken`, where it is put. Control characters and any of
 * `\\ / : * ? " < > |` become `_`, so do dots and spaces at the end; `_` goes in front of `con`, `nul` and other devices. What
 * differs from another only by case or composition gets a number: `name (2).txt`. No file system takes more than 255 characters.
 */
export function localName(name: string, taken: Set<string>): string {
  const safe = name
    .slice(0, 255)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
    .replace(/[\\/:*?"<>|\x00-\x1f\x7f]|[. ](?=[. ]*$)/g, "_")
    .replace(/^(con(in\$|out\$)?|prn|aux|nul|(com|lpt)[\d¹²³]) *(\.|$)/i, "_$&");
  for (let number = 1; ; number++) {
    const unique = number > 1 ? safe.replace(/(.)(\.[^.]*)?$/s, `$1 (${number})$2`) : safe;
    const key = unique.normalize().toLowerCase();
    if (taken.size < taken.add(key).size) return unique;
  }
}
