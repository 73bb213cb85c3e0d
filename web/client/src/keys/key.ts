/** Keys for logins by `publickey`: Ed25519 by WebCrypto, whose private half cannot be read out. */

import { concat, string } from "../bytes.ts";
import type { SigningKey } from "../login/auth.ts";
import { base64 } from "../login/base64.ts";
import { checkedKey } from "./checked.ts";
import { inRecords, KeyError, type KeyRecord } from "./store.ts";

const ALGORITHM = "ssh-ed25519";

/** What the line of a key says. */
export interface KeyOptions {
  /** What stands behind the key in `authorized_keys`, in one line; the name without it. */
  readonly comment?: string;
}

/** A key that signs for logins. */
export interface StoredKey extends SigningKey {
  /** By which it is kept, and removed. */
  readonly name: string;
  /** What stands behind it in `authorized_keys`. */
  readonly comment: string;
}

/**
 * Makes a key and keeps it in IndexedDB. A KeyError `unsupported` where this browser cannot (before Chrome 137, Firefox 129 and
 * Safari 17; nor on a page that is neither https nor localhost), `exists` where there is one of that name.
 */
export async function createKey(name: string, { comment = name }: KeyOptions = {}): Promise<StoredKey> {
  // A line of its own in authorized_keys would be another key.
  if (/\p{Cc}/u.test(comment)) throw new TypeError("a comment is one line without control characters");
  let record: KeyRecord;
  try {
    const { subtle } = crypto;
    const { publicKey, privateKey } = (await subtle.generateKey("Ed25519", false, ["sign"])) as CryptoKeyPair;
    const raw = new Uint8Array(await subtle.exportKey("raw", publicKey));
    record = { name, comment, publicKey: raw, privateKey };
  } catch (cause) {
    throw new KeyError("unsupported", cause);
  }
  await inRecords((records) => records.add(record));
  return signingKey(record);
}

/** All keys that are kept. */
export async function keys(): Promise<StoredKey[]> {
  return (await inRecords<KeyRecord[]>((records) => records.getAll())).map(signingKey);
}

/** For good: nobody can make the same key again. Does nothing where there is none of that name. */
export const removeKey = (name: string): Promise<void> => inRecords((records) => records.delete(name));

/** The line for `authorized_keys`. */
export const publicLine = ({ publicKey, comment }: StoredKey): string => `${publicKey} ${comment}`.trim();

/** A key as a login needs it. */
export function signingKey({ name, comment, publicKey, privateKey }: KeyRecord): StoredKey {
  const named = (bytes: Uint8Array) => concat(string(ALGORITHM), string(bytes));
  const key = checkedKey(`${ALGORITHM} ${base64(named(publicKey))}`, async (data) =>
    named(new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, data))),
  );
  return { name, comment, ...key };
}
