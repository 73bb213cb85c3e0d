/** Keys in IndexedDB: they stay with this browser and origin until they are removed, or the person clears its data. */

import { KeyError, type KeyErrorCode, type KeyRecord, type KeyStore } from "./store.ts";

const KEYS = "keys";

/** By what the platform calls it; a TypeError where there is no IndexedDB at all. */
const CODES: Record<string, KeyErrorCode> = {
  ConstraintError: "exists",
  VersionError: "newer",
  QuotaExceededError: "full",
  TypeError: "unsupported",
};

/** One database for each name. It is open only while it is used. */
export function indexedDbStore(database = "sftpbridge-client"): KeyStore {
  const run = async <T>(
    mode: IDBTransactionMode,
    work: (keys: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> => {
    let db: IDBDatabase | undefined;
    try {
      const opening = globalThis.indexedDB.open(database, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(KEYS, { keyPath: "name" });
      await done(opening);
      db = opening.result;
      const transaction = db.transaction(KEYS, mode);
      const request = work(transaction.objectStore(KEYS));
      // A request that succeeded may still find no room on the disk.
      await done(transaction);
      return request.result;
    } catch (error) {
      throw new KeyError(CODES[(error as Error).name] ?? "failed", error);
    } finally {
      db?.close();
    }
  };
  return {
    add: async (record) => void (await run("readwrite", (keys) => keys.add(record))),
    all: () => run<KeyRecord[]>("readonly", (keys) => keys.getAll()),
    remove: (name) => run("readwrite", (keys) => keys.delete(name)),
  };
}

/** Until the database is open, or the transaction is committed. */
const done = (it: IDBRequest | IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    const over = () => resolve();
    // Errors of its requests come up to the transaction.
    const failed = ({ target }: Event) => reject((target as IDBRequest).error);
    Object.assign(it, { onsuccess: over, oncomplete: over, onerror: failed, onabort: failed });
  });
