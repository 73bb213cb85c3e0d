/** Checkpoints in IndexedDB, where they outlive the page; not the private window. */

import type { Checkpoint, CheckpointStore } from "./checkpoint.ts";

const STORE = "checkpoints";

/** For pages and workers of one origin. Records older than seven days are removed when one is looked for. */
export class IndexedDbCheckpoints implements CheckpointStore {
  readonly #name: string;
  readonly #maximumAge: number;

  /** `maximumAge` in milliseconds. */
  constructor({ name = "sftpbridge-checkpoints", maximumAge = 7 * 24 * 3_600_000 } = {}) {
    this.#name = name;
    this.#maximumAge = maximumAge;
  }

  get(key: string): Promise<Checkpoint | undefined> {
    return this.#run(async (store) => {
      const old = IDBKeyRange.upperBound(Date.now() - this.#maximumAge);
      for (const it of await done(store.index("time").getAllKeys(old))) store.delete(it);
      return done(store.get(key));
    });
  }

  async set(key: string, checkpoint: Checkpoint): Promise<void> {
    await this.#run((store) => done(store.put(checkpoint, key)));
  }

  delete(key: string): Promise<void> {
    return this.#run((store) => done(store.delete(key)));
  }

  /** The database is open only while it is used: it stands in nobody's way. */
  async #run<T>(work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    const opening = indexedDB.open(this.#name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE).createIndex("time", "time");
    const database = await done(opening);
    try {
      return await work(database.transaction(STORE, "readwrite").objectStore(STORE));
    } finally {
      database.close();
    }
  }
}

const done = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
