/** Many transfers that are one for the caller: one progress, one pause, one end. */

import { aborted } from "../client/wait.ts";
import { type Progress, Transfer, type TransferControl } from "../transfer/transfer.ts";
import { inPool, type Pool } from "./pool.ts";

export interface Parallel {
  /** Files at a time; 16 without it. Each costs several round trips, and the session's window is one for all. */
  readonly parallel?: number;
}

/** The bytes of all files; there is no total, since what comes is not known yet. */
export interface FolderProgress extends Progress {
  /** Files that are done. */
  readonly files: number;
  readonly failed: number;
}

/** What became of a folder. */
export interface FolderResult {
  readonly files: number;
  /** Of all files. */
  readonly bytes: number;
  /** Links, devices and such. */
  readonly skipped: number;
}

/** What fails does not stop the rest, and is told by a TreeError at the end; a lost connection does. */
export interface FolderTransfer extends Transfer<FolderResult> {
  readonly progress: FolderProgress;
  [Symbol.asyncIterator](): AsyncIterator<FolderProgress>;
}

/** What the one that finds the files is given. */
export interface Folder extends Pool {
  readonly control: TransferControl;
  readonly totals: { readonly bytes: number; skipped: number };
  /** To the end of the transfer of one file. */
  follow(transfer: Transfer<unknown>): Promise<void>;
}

/** `find` adds the files. After a cancellation nothing of it is awaited: what it asks of others may never end. */
export function folderTransfer(
  { parallel: limit = 16, signal }: Parallel & { readonly signal?: AbortSignal | undefined },
  find: (folder: Folder) => Promise<void>,
): FolderTransfer {
  const work = async (control: TransferControl): Promise<FolderResult> => {
    const { signal, running } = control;
    const totals = { files: 0, bytes: 0, skipped: 0 };
    let failed = 0;
    const report = (failures = failed) => {
      failed = failures;
      const progress: Partial<FolderProgress> = { ...totals, failed };
      control.report(progress);
    };
    const follow = async (transfer: Transfer<unknown>) => {
      let before = 0;
      for await (const { bytes } of transfer) {
        totals.bytes += bytes - before;
        before = bytes;
        report();
        if (!control.paused) continue;
        transfer.pause();
        await running();
        transfer.resume();
      }
      await transfer;
      totals.files++;
    };
    report();
    const options = { limit, signal, running, report };
    const all = inPool(options, (pool) => find({ ...pool, control, totals, follow }));
    await aborted(all, signal);
    return totals;
  };
  return new Transfer(work, signal) as unknown as FolderTransfer;
}
