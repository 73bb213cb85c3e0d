/** Where keys are kept. */

/** A key as it is kept: by structured clone, which takes a `CryptoKey` that cannot be read out. */
export interface KeyRecord {
  readonly name: string;
  readonly comment: string;
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
  /** May sign, and cannot be read out. */
  readonly privateKey: CryptoKey;
}

/** A place for keys. What fails rejects with a KeyError. */
export interface KeyStore {
  /** Rejects with a KeyError `exists` where there is one of that name. */
  add(record: KeyRecord): Promise<void>;
  /** Every key, in any order. */
  all(): Promise<readonly KeyRecord[]>;
  /** Does nothing where there is none. */
  remove(name: string): Promise<void>;
}

const MESSAGES = {
  unsupported: "keys need https or localhost, Ed25519 and IndexedDB",
  exists: "there is a key of that name",
  newer: "a later version of this page has the keys",
  full: "no room for keys",
  failed: "keys cannot be kept here",
};

/**
 * `unsupported`: no WebCrypto, no Ed25519 or no IndexedDB here. `exists`: another key has that name. `newer`: a later
 * version of the page has changed the database; reload it. `full`: no room is left. `failed`: anything else. Where there is
 * an error behind it, it is the `cause`.
 */
export type KeyErrorCode = keyof typeof MESSAGES;

/** A key cannot be made, kept or found. */
export class KeyError extends Error {
  override name = "KeyError";
  declare readonly code: KeyErrorCode;

  constructor(code: KeyErrorCode, cause?: unknown) {
    super(MESSAGES[code], { cause });
    this.code = code;
  }
}

/** Keys that are gone with the page. */
export function memoryStore(): KeyStore {
  const records = new Map<string, KeyRecord>();
  return {
    async add(record) {
      if (records.has(record.name)) throw new KeyError("exists");
      records.set(record.name, record);
    },
    all: async () => [...records.values()],
    async remove(name) {
      records.delete(name);
    },
  };
}
