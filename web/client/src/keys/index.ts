/**
 * The entry `sftpbridge-client/keys`: Ed25519 keys that the browser makes and keeps. The private half cannot be read out,
 * not even by this page; whoever runs script in the page can sign with it, though.
 */

export * from "./checked.ts";
export * from "./indexed-db.ts";
export * from "./key.ts";
export * from "./store.ts";
