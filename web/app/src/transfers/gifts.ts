/** What people give to be uploaded: dropped, picked, or pasted. */

import { entriesOf, type SourceEntry } from "sftpbridge-client";

/** A folder, one file, or many loose files: what is one row of the transfers. */
export interface Gift {
  /** Empty for loose files. */
  readonly name: string;
  readonly many: boolean;
  /** Directories before what is in them; from the start each time. */
  readonly entries: () => AsyncIterable<SourceEntry>;
}

/** What a drop or a file dialog has: something with a name. */
type Given = File | FileSystemEntry;

/** More loose files than this are one row. */
const ROWS = 100;

/** Of a drop or a paste. Call it in the handler: the items are gone afterwards. */
export function giftsOf({ items, files }: DataTransfer): Gift[] {
  const entries = [...items].filter(({ kind }) => kind === "file").map((item) => item.webkitGetAsEntry());
  const found = entries.filter((entry) => entry !== null);
  // A pasted image is a file without an entry.
  if (found.length < entries.length) return giftsOfFiles(files);
  const folders = found.filter(({ isDirectory }) => isDirectory);
  const loose = found.filter(({ isDirectory }) => !isDirectory);
  return [...folders.map((folder) => gift(folder.name, [folder], true)), ...giftsOfLoose(loose)];
}

/** Of a file dialog: those of a folder have paths. */
export function giftsOfFiles(files: Iterable<File>): Gift[] {
  const loose: File[] = [];
  const folders = new Map<string, File[]>();
  for (const file of files) {
    const [root = ""] = file.webkitRelativePath.split("/");
    if (root) folders.get(root)?.push(file) ?? folders.set(root, [file]);
    else loose.push(file);
  }
  return [...[...folders].map(([name, files]) => gift(name, files, true)), ...giftsOfLoose(loose)];
}

const giftsOfLoose = (loose: readonly Given[]): Gift[] =>
  loose.length > ROWS ? [gift("", loose, true)] : loose.map((one) => gift(one.name, [one], false));

const gift = (name: string, given: readonly Given[], many: boolean): Gift => ({
  name,
  many,
  entries: () => entriesIn(given),
});

/** As `entriesOf`, as often as it is wanted, and with names as they are: a slash in one is no path. */
async function* entriesIn(given: readonly Given[]): AsyncGenerator<SourceEntry> {
  for (const one of given)
    if (one instanceof File && !one.webkitRelativePath) yield { path: [one.name], file: one };
    else
      yield* entriesOf([one instanceof File ? one : ({ webkitGetAsEntry: () => one } as DataTransferItem)]);
}

/** Counts what is in it, as it goes on. What cannot be read is told by the upload. */
export async function count(
  { entries }: Gift,
  counted: { files: number; bytes: number },
  stopped: () => boolean,
): Promise<void> {
  for await (const { file } of entries()) {
    if (stopped()) return;
    if (!file) continue;
    counted.files++;
    counted.bytes += await sizeOf(file);
  }
}

/** Of what cannot be read nothing is known. */
async function sizeOf(file: NonNullable<SourceEntry["file"]>): Promise<number> {
  try {
    return (typeof file === "function" ? await file() : file).size;
  } catch {
    return 0;
  }
}
