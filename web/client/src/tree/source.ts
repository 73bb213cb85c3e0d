/** Folders of the browser: dropped, picked, or chosen in a form. */

/** One file or directory of a folder that is to be uploaded. */
export interface SourceEntry {
  /** Names from the folder's own name on. */
  readonly path: readonly string[];
  /** Nothing for a directory. */
  readonly file?: Blob | (() => Promise<Blob>) | undefined;
}

/** What a drop, `showDirectoryPicker` or `<input type=file>` gives. */
export type FolderSource = FileSystemDirectoryHandle | Iterable<DataTransferItem | File>;

type Directory = FileSystemDirectoryHandle | FileSystemDirectoryEntry;
type Found = File | FileSystemFileHandle | FileSystemFileEntry | Directory;

/**
 * Everything in it, directories before what is in them; empty ones too, but for `<input webkitdirectory>`, which leaves them
 * out. Call it in the handler of the drop itself: its items are gone afterwards.
 */
export function entriesOf(source: FolderSource): AsyncIterable<SourceEntry> {
  const found =
    "kind" in source
      ? [source]
      : [...source].flatMap((item) =>
          "webkitGetAsEntry" in item ? (item.webkitGetAsEntry() ?? item.getAsFile() ?? []) : item,
        );
  return below(found as Found[], []);
}

/** What cannot be read is a file that cannot. */
async function* below(
  all: Iterable<Found> | AsyncIterable<Found>,
  above: readonly string[],
): AsyncGenerator<SourceEntry, void> {
  try {
    for await (const found of all) {
      const name = (found as File).webkitRelativePath || found.name;
      // The root of the origin private file system has no name.
      const path = name ? [...above, ...name.split("/")] : above;
      const file = fileOf(found);
      if (path.length) yield { path, file };
      if (!file) yield* below(inside(found as Directory), path);
    }
  } catch (error) {
    yield { path: above, file: () => Promise.reject(error) };
  }
}

function fileOf(found: Found): SourceEntry["file"] {
  // A dropped directory has a `getFile`, too: of files in it.
  if ("createReader" in found) return undefined;
  if ("getFile" in found) return () => (found as FileSystemFileHandle).getFile();
  if ("file" in found)
    return () => new Promise((done, failed) => (found as FileSystemFileEntry).file(done, failed));
  return "slice" in found ? found : undefined;
}

async function* inside(directory: Directory): AsyncGenerator<Found, void> {
  if ("values" in directory) return yield* directory.values();
  const reader = directory.createReader();
  // Chromium gives 100 at a time, and none at the end.
  for (let some: FileSystemEntry[] | undefined; some?.length !== 0; ) {
    some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    yield* some as Found[];
  }
}
