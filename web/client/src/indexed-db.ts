/** What the library keeps in the browser, in one database: keys, and how far uploads came. */

const create = (database: IDBDatabase) => {
  database.createObjectStore("keys", { keyPath: "name" });
  database.createObjectStore("checkpoints").createIndex("time", "time");
};

/**
 * The result of the request that `work` makes, when all that it asked for is committed: a request that succeeded may still find no
 * room on the disk. The database is open only while it is used, so that it stands in nobody's way.
 */
export async function inStore<T>(
  name: "keys" | "checkpoints",
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = globalThis.indexedDB.open("sftpbridge-client", 1);
  opening.onupgradeneeded = () => create(opening.result);
  await done(opening);
  const database = opening.result;
  try {
    const transaction = database.transaction(name, "readwrite");
    const request = work(transaction.objectStore(name));
    await done(transaction);
    return request.result;
  } finally {
    database.close();
  }
}

/** Until the database is open, or the transaction is committed. */
const done = (it: IDBRequest | IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    const over = () => resolve();
    // Errors of its requests come up to the transaction.
    const failed = ({ target }: Event) => reject((target as IDBRequest).error);
    Object.assign(it, { onsuccess: over, oncomplete: over, onerror: failed, onabort: failed });
  });
