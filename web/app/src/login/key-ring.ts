/** The keys of this browser. The library's part that makes and keeps them is loaded when somebody wants keys. */

import { signal } from "@preact/signals";
import type { StoredKey } from "sftpbridge-client/keys";

/** By their names; nothing until they were looked for. */
export const ring = signal<readonly StoredKey[] | undefined>(undefined);

const library = () => import("sftpbridge-client/keys");

/** Whether keys can be made here at all: WebCrypto is there for https and localhost only. */
export const isPossible = (): boolean => isSecureContext && "indexedDB" in globalThis;

/** Rejects with a KeyError. */
export async function lookForKeys(): Promise<void> {
  const { keys } = await library();
  const found = await keys();
  ring.value = found.sort((a, b) => a.name.localeCompare(b.name));
}

export async function createKey(name: string): Promise<void> {
  await (await library()).createKey(name);
  await lookForKeys();
}

export async function removeKey(name: string): Promise<void> {
  await (await library()).removeKey(name);
  await lookForKeys();
}

/** The line for authorized_keys. */
export const lineOf = ({ publicKey, comment }: StoredKey): string => `${publicKey} ${comment}`.trim();
