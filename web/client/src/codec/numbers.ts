/**
 * The numbers of SFTP version 3 (draft-ietf-secsh-filexfer-02). Namespaces and no objects: a bundler puts the numbers in
 * where they are used, and leaves the names out.
 */

export * as OpenFlag from "./open-flag.ts";
export * as Type from "./packet-type.ts";
export * as Status from "./status.ts";
