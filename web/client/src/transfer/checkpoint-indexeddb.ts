/** Checkpoints in IndexedDB, where they outlive the page; not the private window. */

import { inStore } from "../indexed-db.ts";
import type { Checkpoint, CheckpointStore } from "./checkpoint.ts";

/** For pages and workers of one origin. Records older than seven days are removed when one is looked for. */
export class IndexedDbCheckpoints implements CheckpointStore {
  readonly #maximumAge: number;

  /** `maximumAge` in milliseconds. */
  constructor({ maximumAge = 7 * 24 * 3_600_000 } = {}) {
    this.#maximumAge = maximumAge;
  }

  async get(key: string): Promise<Checkpoint | undefined> {
    const before = Date.now() - this.#maximumAge;
    const found = await inStore("checkpoints", (store): IDBRequest<Checkpoint | undefined> => {
      const old = store.index("time").getAllKeys(IDBKeyRange.upperBound(before));
      old.onsuccess = () => {
        for (const it of old.result) store.delete(it);
      };
      return store.get(key);
    });
    return found && found.time > before ? found : undefined;
  }

  async set(key: string, checkpoint: Checkpoint): Promise<void> {
    await inStore("checkpoints", (store) => store.put(checkpoint, key));
  }

  delete(key: string): Promise<void> {
    return inStore("checkpoints", (store) => store.delete(key));
  }
}
