/**
 * The entry `sftpbridge-client/keys`: Ed25519 keys that the browser makes and keeps. The private half cannot be read out,
 * not even by this page; whoever runs script in the page can sign with it, though.
 */

export * from "./checked.ts";
export { createKey, type KeyOptions, keys, publicLine, removeKey, type StoredKey } from "./key.ts";
export { KeyError, type KeyErrorCode } from "./store.ts";
