/** Keys in IndexedDB: they stay with this browser and origin until they are removed, or the person clears its data. */

import { inStore } from "../indexed-db.ts";

/** A key as it is kept: by structured clone, which takes a `CryptoKey` that cannot be read out. */
export interface KeyRecord {
  readonly name: string;
  readonly comment: string;
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
  /** May sign, and cannot be read out. */
  readonly privateKey: CryptoKey;
}

const MESSAGES = {
  unsupported: "keys need https or localhost, Ed25519 and IndexedDB",
  exists: "there is a key of that name",
  failed: "keys cannot be kept here",
};

/**
 * `unsupported`: no WebCrypto, no Ed25519 or no IndexedDB here. `exists`: another key has that name. `failed`: anything else, such
 * as a full disk, or a database that a later version of the page has changed. The error behind it is the `cause`.
 */
export type KeyErrorCode = keyof typeof MESSAGES;

/** A key cannot be made, kept or found. */
export class KeyError extends Error {
  override name = "KeyError";
  declare readonly code: KeyErrorCode;

  constructor(code: KeyErrorCode, cause: unknown) {
    super(`${MESSAGES[code]} (${cause})`, { cause });
    this.code = code;
  }
}

/** By what the platform calls it; a TypeError where there is no IndexedDB at all. */
const CODES: Record<string, KeyErrorCode> = {
  ConstraintError: "exists",
  TypeError: "unsupported",
};

/** What a request on the records gives. Rejects with a KeyError. */
export const inRecords = <T>(work: (records: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
  inStore("keys", work).catch((error) => {
    throw new KeyError(CODES[error.name] ?? "failed", error);
  });
