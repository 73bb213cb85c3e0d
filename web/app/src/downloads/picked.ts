/** Downloads to a file or a folder that the person picks: what has arrived stays when the connection is lost. */

import { type Entry, localName, type SftpPath, Transfer } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import type { Task } from "../transfers/task.ts";
import { type Leaf, type LeftOut, shownPath, tree } from "./tree.ts";

/** What is not in the libraries of TypeScript. */
interface Pickers {
  showSaveFilePicker?(options: { suggestedName: string }): Promise<FileSystemFileHandle>;
  showDirectoryPicker?(options: { mode: "readwrite" }): Promise<FileSystemDirectoryHandle>;
}
const pickers = globalThis as Pickers;

/** Nothing where the person leaves the dialog. */
export const pickFile = (name: string) =>
  left(pickers.showSaveFilePicker?.({ suggestedName: localName(name || "_", new Set()) }));

export const pickFolder = () => left(pickers.showDirectoryPicker?.({ mode: "readwrite" }));

const left = async <T>(picked: Promise<T> | undefined): Promise<T | undefined> => {
  try {
    return await picked;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    throw error;
  }
};

type Downloading = Pick<RemoteClient, "download" | "stat" | "walk">;

/** The first try empties the file; those after it go on where it stands. */
export class FileTask implements Task {
  readonly name: string;
  readonly size: number | undefined;
  readonly #client: Downloading;
  readonly #path: SftpPath;
  readonly #file: () => Promise<FileSystemFileHandle>;
  #isBegun = false;

  constructor(
    client: Downloading,
    path: SftpPath,
    file: () => Promise<FileSystemFileHandle>,
    { name, size }: Pick<Task, "name" | "size">,
  ) {
    this.name = name;
    this.size = size;
    this.#client = client;
    this.#path = path;
    this.#file = file;
  }

  start(): Transfer<void> {
    return new Transfer(async (control) => {
      const file = await this.#file();
      if (!this.#isBegun) await empty(file);
      this.#isBegun = true;
      const inner = this.#client.download(this.#path, file, {
        conflict: "resume",
        signal: control.signal,
      });
      for await (const progress of inner) {
        control.report(progress);
        if (!control.paused) continue;
        inner.pause();
        await control.running();
        inner.resume();
      }
      await inner;
    });
  }
}

async function empty(file: FileSystemFileHandle): Promise<void> {
  const writable = await file.createWritable({ keepExistingData: false });
  await writable.close();
}

/** A folder that was picked, for one download: nothing that is in it already is touched. */
export class PickedFolder {
  readonly #root: FileSystemDirectoryHandle;
  readonly #taken: Set<string>;

  private constructor(root: FileSystemDirectoryHandle, taken: Set<string>) {
    this.#root = root;
    this.#taken = taken;
  }

  static async of(root: FileSystemDirectoryHandle): Promise<PickedFolder> {
    const taken = new Set<string>();
    for await (const name of (root as unknown as { keys(): AsyncIterable<string> }).keys())
      taken.add(name.normalize().toLowerCase());
    return new PickedFolder(root, taken);
  }

  /** One for each file and directory. What cannot be read is a task that fails. */
  async *tasks(
    client: Downloading,
    folder: SftpPath,
    chosen: readonly Entry[],
    signal: AbortSignal,
  ): AsyncGenerator<Task> {
    const lost: LeftOut[] = [];
    // A second time the same names are given.
    const taken = new Set(this.#taken);
    const leaves = tree(client, folder, chosen, { signal, taken, leaveOut: (it) => lost.push(it) });
    for await (const leaf of leaves) yield this.#task(client, leaf);
    for (const { path, error } of lost) if (error) yield failing(shownPath(path), error);
  }

  #task(client: Downloading, { place, path, type, attributes: { size } }: Leaf): Task {
    if (type === "file") return new FileTask(client, path, () => this.#file(place), { name: place, size });
    const start = () => new Transfer(async () => void (await this.#directory(place)));
    return { name: place, size: 0, directory: true, start };
  }

  async #directory(place: string): Promise<FileSystemDirectoryHandle> {
    let handle = this.#root;
    for (const part of place.split("/").filter(Boolean))
      handle = await handle.getDirectoryHandle(part, { create: true });
    return handle;
  }

  async #file(place: string): Promise<FileSystemFileHandle> {
    const at = place.lastIndexOf("/") + 1;
    const directory = await this.#directory(place.slice(0, at));
    return directory.getFileHandle(place.slice(at), { create: true });
  }
}

function failing(name: string, error: unknown): Task {
  return { name, size: 0, start: () => new Transfer(() => Promise.reject(error)) };
}
