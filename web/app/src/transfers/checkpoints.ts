/** How far uploads came, for those who go on with them after the page was loaded again. */

import { type CheckpointStore, IndexedDbCheckpoints } from "sftpbridge-client";

/** From so many bytes on; less is quicker sent again. */
const NOTED = 1 << 20;

let store: CheckpointStore | undefined;

/** The same for all: in this browser, for seven days. */
function checkpoints(): CheckpointStore {
  store ??= new IndexedDbCheckpoints();
  return store;
}

/**
 * One at a time for each target, in all tabs of this browser: a second upload of the same file would go on with what the first
 * one is writing, and each of them moves or removes that when it ends. The second goes without. Where the context is not secure
 * there are no locks.
 */
export async function withCheckpoints<T>(
  target: string,
  size: number,
  upload: (checkpoint?: CheckpointStore) => Promise<T>,
): Promise<T> {
  if (size < NOTED) return upload();
  if (!navigator.locks) return upload(checkpoints());
  return navigator.locks.request(`upload-${target}`, { ifAvailable: true }, (lock) =>
    upload(lock ? checkpoints() : undefined),
  );
}
