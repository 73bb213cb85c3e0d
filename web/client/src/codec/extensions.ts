/**
 * Extensions of version 3: OpenSSH's (its PROTOCOL document, section 4) and check-file (draft-ietf-secsh-filexfer-extensions-00,
 * section 3). Each request together with how its reply is read.
 */

import { concat, Reader, string, uint32, uint64 } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";
import type { SftpPath } from "../path.ts";
import { type Attributes, encodeAttributes } from "./attributes.ts";
import { Type } from "./numbers.ts";
import { encodePath, extended as plain, type Request } from "./request.ts";
import { decodeName } from "./response.ts";

/** What the server can be asked for beyond version 3, and this library can use. */
export type Feature =
  | "posix-rename@openssh.com"
  | "statvfs@openssh.com"
  | "fstatvfs@openssh.com"
  | "hardlink@openssh.com"
  | "fsync@openssh.com"
  | "lsetstat@openssh.com"
  | "limits@openssh.com"
  | "expand-path@openssh.com"
  | "copy-data"
  | "home-directory"
  | "users-groups-by-id@openssh.com"
  /** One name for two requests, by path and by handle; as ProFTPD announces it. */
  | "check-file";

/** The version that is known here. */
export const versionOf = (feature: Feature): string => (/statvfs/.test(feature) ? "2" : "1");

/** Whether the server has announced it, in the version that is known. Other versions are other requests. */
export const announces = (extensions: ReadonlyMap<string, string>, feature: Feature): boolean =>
  extensions.get(feature) === versionOf(feature);

/** A request that the server has to have announced. */
export interface Extended<T = void> extends Request {
  readonly feature: Feature;
  /** The type of the reply. */
  readonly expected: number;
  /** Not for a STATUS. */
  readonly decode: ((body: Reader) => T) | undefined;
}

/** What is asked about by its handle. */
interface Opened {
  readonly handle: Uint8Array;
}

const isOpen = (at: unknown): at is Opened => typeof at === "object" && !!at && "handle" in at;

/** Paths, handles and uint64s, and then what has a form of its own. */
const extended = <T = void>(
  feature: Feature,
  fields: (SftpPath | Opened | number)[],
  rest: Uint8Array = new Uint8Array(),
  decode?: (body: Reader) => T,
  expected: number = decode ? Type.EXTENDED_REPLY : Type.STATUS,
  name: string = feature,
): Extended<T> => {
  const encode = (field: SftpPath | Opened | number) =>
    typeof field === "number" ? uint64(field) : isOpen(field) ? string(field.handle) : encodePath(field);
  return { ...plain(name, ...fields.map(encode), rest), feature, expected, decode };
};

export const posixRename = (from: SftpPath, to: SftpPath) => extended("posix-rename@openssh.com", [from, to]);
export const hardlink = (existing: SftpPath, link: SftpPath) =>
  extended("hardlink@openssh.com", [existing, link]);
export const fsync = (file: Opened) => extended("fsync@openssh.com", [file]);
export const lsetstat = (path: SftpPath, attributes: Attributes) =>
  extended("lsetstat@openssh.com", [path], encodeAttributes(attributes));
export const expandPath = (path: SftpPath) =>
  extended("expand-path@openssh.com", [path], undefined, decodeName, Type.NAME);
/** The empty name is the user who is logged in. */
export const homeDirectory = (user: string) =>
  extended("home-directory", [user], undefined, decodeName, Type.NAME);
/** A length of 0 means up to the end of the file. */
export const copyData = (from: Opened, offset: number, length: number, to: Opened, toOffset: number) =>
  extended("copy-data", [from, offset, length, to, toOffset]);

/** A file system. Its counts are exact up to 2^53, and the nearest number beyond. */
export interface FileSystem {
  /** Bytes that are best read and written at once. */
  readonly blockSize: number;
  /** Bytes of a block as `blocks` counts them. */
  readonly fragmentSize: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  /** For those who are not root. */
  readonly availableBlocks: number;
  readonly files: number;
  readonly freeFiles: number;
  /** For those who are not root. */
  readonly availableFiles: number;
  readonly id: bigint;
  readonly readOnly: boolean;
  /** Bytes that a name may have. */
  readonly nameMax: number;
}

export const statvfs = (at: SftpPath | Opened) =>
  extended(
    isOpen(at) ? "fstatvfs@openssh.com" : "statvfs@openssh.com",
    [at],
    undefined,
    (body): FileSystem => {
      const next = () => Number(body.bigUint64());
      return {
        blockSize: next(),
        fragmentSize: next(),
        blocks: next(),
        freeBlocks: next(),
        availableBlocks: next(),
        files: next(),
        freeFiles: next(),
        availableFiles: next(),
        id: body.bigUint64(),
        readOnly: !!(body.bigUint64() & 1n),
        nameMax: next(),
      };
    },
  );

const ids = (numbers: readonly number[]) => string(concat(...numbers.map(uint32)));

/** Names in the order of the ids that are asked for, at most 4,000: the reply is one packet. An empty one where there is none. */
export function usersGroupsById(uids: readonly number[], gids: readonly number[]) {
  if (uids.length + gids.length > 4000) throw new RangeError("more than 4000 ids");
  return extended("users-groups-by-id@openssh.com", [], concat(ids(uids), ids(gids)), (body) => ({
    users: names(body, uids),
    groups: names(body, gids),
  }));
}

function names(body: Reader, due: readonly number[]): string[] {
  const reader = new Reader(body.string());
  const found = due.map(() => reader.text());
  if (reader.left) throw new ProtocolError(`more than the ${due.length} names asked for`);
  return found;
}

/** What of a file to hash, and how. */
export interface HashedRange {
  /** Those that would do, the best first, as `sha256`. */
  readonly algorithms: readonly string[];
  /** From the start without it. */
  readonly offset?: number;
  /** Bytes; up to the end of the file without it. */
  readonly length?: number;
  /** Bytes that each hash is of, at least 256; one hash of all without it. */
  readonly blockSize?: number;
}

/** What the server found. */
export interface FileHashes {
  /** The one of those asked for that the server chose. */
  readonly algorithm: string;
  /** One after the other, without anything between them. */
  readonly hashes: Uint8Array;
}

/** A ProtocolError for an algorithm that was not asked for. Some servers put `check-file` in front, as earlier drafts had it. */
export function checkFile(
  at: SftpPath | Opened,
  { algorithms, offset = 0, length, blockSize = 0 }: HashedRange,
) {
  if (length === 0) throw new RangeError("a hash of no bytes: the server would hash all");
  return extended(
    "check-file",
    [at],
    concat(string(algorithms.join()), uint64(offset), uint64(length ?? 0), uint32(blockSize)),
    (body): FileHashes => {
      let algorithm = body.text();
      if (algorithm === "check-file") algorithm = body.text();
      if (!algorithms.includes(algorithm))
        throw new ProtocolError(`hashes by ${algorithm}, which nobody asked for`);
      return { algorithm, hashes: body.bytes(body.left).slice() };
    },
    Type.EXTENDED_REPLY,
    `check-file-${isOpen(at) ? "handle" : "name"}`,
  );
}
