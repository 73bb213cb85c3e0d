/**
 * The server's half of SFTP version 3, for servers that tests make up: reads requests, writes responses. It shares with the
 * client only how fields are written, and attributes; the layout of each packet is written down here again.
 */

import { type Bytes, concat, Reader, string, uint32 } from "../../src/bytes.ts";
import { type Attributes, decodeAttributes, encodeAttributes } from "../../src/codec/attributes.ts";
import { Status, Type } from "../../src/codec/numbers.ts";
import { ProtocolError } from "../../src/errors.ts";
import { type SftpPath, toPath } from "../../src/path.ts";

/** A handle as text, one character a byte, so that it can be compared and be a key. */
export type Handle = string;

interface Hashed {
  readonly algorithms: string[];
  readonly offset: number;
  readonly length: number;
  readonly blockSize: number;
}

/** What a client asked for. The operation is the name that the client's errors have. */
export type ServerRequest = { readonly id: number } & (
  | { readonly operation: "init"; readonly version: number }
  | {
      readonly operation: "open";
      readonly path: SftpPath;
      readonly flags: number;
      readonly attributes: Attributes;
    }
  | { readonly operation: "close" | "fstat" | "readdir"; readonly handle: Handle }
  | { readonly operation: "read"; readonly handle: Handle; readonly offset: number; readonly length: number }
  | {
      readonly operation: "write";
      readonly handle: Handle;
      readonly offset: number;
      readonly data: Uint8Array;
    }
  | {
      readonly operation: "lstat" | "stat" | "opendir" | "remove" | "rmdir" | "realpath" | "readlink";
      readonly path: SftpPath;
    }
  | {
      readonly operation: "setstat" | "mkdir" | "lsetstat@openssh.com";
      readonly path: SftpPath;
      readonly attributes: Attributes;
    }
  | { readonly operation: "fsetstat"; readonly handle: Handle; readonly attributes: Attributes }
  | {
      readonly operation: "rename" | "posix-rename@openssh.com" | "hardlink@openssh.com";
      readonly from: SftpPath;
      readonly to: SftpPath;
    }
  | { readonly operation: "symlink"; readonly target: SftpPath; readonly link: SftpPath }
  | { readonly operation: "statvfs@openssh.com" | "expand-path@openssh.com"; readonly path: SftpPath }
  | { readonly operation: "fstatvfs@openssh.com" | "fsync@openssh.com"; readonly handle: Handle }
  | { readonly operation: "limits@openssh.com" }
  | { readonly operation: "home-directory"; readonly user: string }
  | {
      readonly operation: "copy-data";
      readonly from: Handle;
      readonly fromOffset: number;
      readonly length: number;
      readonly to: Handle;
      readonly toOffset: number;
    }
  | {
      readonly operation: "users-groups-by-id@openssh.com";
      readonly uids: number[];
      readonly gids: number[];
    }
  | ({ readonly operation: "check-file-name"; readonly path: SftpPath } & Hashed)
  | ({ readonly operation: "check-file-handle"; readonly handle: Handle } & Hashed)
  | { readonly operation: "extended"; readonly name: string; readonly data: Uint8Array }
);

/** One request by its operation. */
export type RequestFor<O extends ServerRequest["operation"]> = Extract<ServerRequest, { operation: O }>;

const latin1 = (bytes: Uint8Array): Handle => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const handleBytes = (handle: Handle) => Uint8Array.from(handle, (char) => char.charCodeAt(0));

/** Reads one whole packet. Anything that version 3 does not have, or that is left over, is a ProtocolError. */
export function decodeRequest(message: ArrayBuffer | Uint8Array): ServerRequest {
  const body = new Reader(message instanceof Uint8Array ? message : new Uint8Array(message));
  const length = body.uint32();
  if (length !== body.left)
    throw new ProtocolError(`a packet of ${length} bytes, and ${body.left} are there`);
  const [type = 0] = body.bytes(1);
  if (type === Type.INIT) return { operation: "init", id: 0, version: body.uint32() };
  const id = body.uint32();
  const request = { id, ...fields(type, body) } as ServerRequest;
  if (body.left) throw new ProtocolError(`${body.left} bytes after ${request.operation}`);
  return request;
}

type Fields = { readonly operation: string };

function fields(type: number, body: Reader): Fields {
  const path = () => toPath(body.string());
  const handle = () => latin1(body.string());
  const attributes = () => decodeAttributes(body);
  switch (type) {
    case Type.OPEN:
      return { operation: "open", ...{ path: path(), flags: body.uint32(), attributes: attributes() } };
    case Type.READ:
      return { operation: "read", ...{ handle: handle(), offset: offset(body), length: body.uint32() } };
    case Type.WRITE:
      return { operation: "write", ...{ handle: handle(), offset: offset(body), data: body.string() } };
    case Type.SETSTAT:
      return { operation: "setstat", ...{ path: path(), attributes: attributes() } };
    case Type.MKDIR:
      return { operation: "mkdir", ...{ path: path(), attributes: attributes() } };
    case Type.FSETSTAT:
      return { operation: "fsetstat", ...{ handle: handle(), attributes: attributes() } };
    case Type.RENAME:
      return { operation: "rename", ...{ from: path(), to: path() } };
    case Type.SYMLINK:
      return { operation: "symlink", ...{ target: path(), link: path() } };
    case Type.EXTENDED:
      return extendedFields(body.text(), body);
  }
  const byHandle = BY_HANDLE[type];
  if (byHandle) return { operation: byHandle, ...{ handle: handle() } };
  const byPath = BY_PATH[type];
  if (byPath) return { operation: byPath, ...{ path: path() } };
  throw new ProtocolError(`a request of type ${type}`);
}

const BY_HANDLE: Record<number, string> = {
  [Type.CLOSE]: "close",
  [Type.FSTAT]: "fstat",
  [Type.READDIR]: "readdir",
};

const BY_PATH: Record<number, string> = {
  [Type.LSTAT]: "lstat",
  [Type.STAT]: "stat",
  [Type.OPENDIR]: "opendir",
  [Type.REMOVE]: "remove",
  [Type.RMDIR]: "rmdir",
  [Type.REALPATH]: "realpath",
  [Type.READLINK]: "readlink",
};

function extendedFields(name: string, body: Reader): Fields {
  const operation = name;
  const path = () => toPath(body.string());
  const handle = () => latin1(body.string());
  const hashed = () => ({
    algorithms: body.text().split(","),
    offset: offset(body),
    length: offset(body),
    blockSize: body.uint32(),
  });
  switch (name) {
    case "posix-rename@openssh.com":
    case "hardlink@openssh.com":
      return { operation, ...{ from: path(), to: path() } };
    case "statvfs@openssh.com":
    case "expand-path@openssh.com":
      return { operation, ...{ path: path() } };
    case "fstatvfs@openssh.com":
    case "fsync@openssh.com":
      return { operation, ...{ handle: handle() } };
    case "lsetstat@openssh.com":
      return { operation, ...{ path: path(), attributes: decodeAttributes(body) } };
    case "limits@openssh.com":
      return { operation };
    case "home-directory":
      return { operation, ...{ user: body.text() } };
    case "copy-data": {
      const from = { from: handle(), fromOffset: offset(body), length: offset(body) };
      return { operation, ...from, ...{ to: handle(), toOffset: offset(body) } };
    }
    case "users-groups-by-id@openssh.com":
      return { operation, ...{ uids: ids(body.string()), gids: ids(body.string()) } };
    case "check-file-name":
      return { operation, ...{ path: path() }, ...hashed() };
    case "check-file-handle":
      return { operation, ...{ handle: handle() }, ...hashed() };
    default:
      return { operation: "extended", ...{ name, data: body.bytes(body.left) } };
  }
}

function offset(body: Reader): number {
  const value = Number(body.bigUint64());
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no exact offset`);
  return value;
}

function ids(bytes: Uint8Array): number[] {
  const reader = new Reader(bytes);
  const found: number[] = [];
  while (reader.left) found.push(reader.uint32());
  return found;
}

/** A whole packet of any type: also for those that no server should send. */
export function packet(type: number, ...parts: Uint8Array[]): Bytes {
  const payload = concat(Uint8Array.of(type), ...parts);
  return concat(uint32(payload.length), payload);
}

/** What OpenSSH 9.2 announces. */
export const OPENSSH_EXTENSIONS: Readonly<Record<string, string>> = {
  "posix-rename@openssh.com": "1",
  "statvfs@openssh.com": "2",
  "fstatvfs@openssh.com": "2",
  "hardlink@openssh.com": "1",
  "fsync@openssh.com": "1",
  "lsetstat@openssh.com": "1",
  "limits@openssh.com": "1",
  "expand-path@openssh.com": "1",
  "copy-data": "1",
  "home-directory": "1",
  "users-groups-by-id@openssh.com": "1",
};

/** VERSION. */
export const version = (extensions: Readonly<Record<string, string>> = {}, number = 3): Bytes =>
  packet(Type.VERSION, uint32(number), ...Object.entries(extensions).flat().map(string));

/** STATUS; `Status.OK` without a code. */
export const status = (id: number, code: number = Status.OK, message = "", language = ""): Bytes =>
  packet(Type.STATUS, uint32(id), uint32(code), string(message), string(language));

/** HANDLE. */
export const handle = (id: number, value: Handle): Bytes =>
  packet(Type.HANDLE, uint32(id), string(handleBytes(value)));

/** DATA. */
export const data = (id: number, bytes: Uint8Array): Bytes => packet(Type.DATA, uint32(id), string(bytes));

/** An entry of NAME. */
export interface ServerEntry {
  readonly name: SftpPath;
  readonly longname?: string;
  readonly attributes?: Attributes;
}

/** NAME. A server is free to announce another `count` than it sends. */
export const names = (id: number, entries: readonly ServerEntry[], count = entries.length): Bytes =>
  packet(
    Type.NAME,
    uint32(id),
    uint32(count),
    ...entries.flatMap(({ name, longname = "", attributes = {} }) => [
      string(name),
      string(longname),
      encodeAttributes(attributes),
    ]),
  );

/** ATTRS. */
export const attributes = (id: number, value: Attributes): Bytes =>
  packet(Type.ATTRS, uint32(id), encodeAttributes(value));

/** EXTENDED_REPLY with fields in the extension's own form. */
export const extendedReply = (id: number, ...parts: Uint8Array[]): Bytes =>
  packet(Type.EXTENDED_REPLY, uint32(id), ...parts);

function bigUint64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** The reply to `limits@openssh.com`: packet, read, write, handles. */
export const limits = (id: number, ...four: [packet: number, read: number, write: number, handles: number]) =>
  extendedReply(id, ...four.map(bigUint64));

/** The reply to `statvfs@openssh.com` and `fstatvfs@openssh.com`, in the order of OpenSSH's PROTOCOL, section 4.4. */
export const fileSystem = (
  id: number,
  value: {
    readonly bsize: number | bigint;
    readonly frsize: number | bigint;
    readonly blocks: number | bigint;
    readonly bfree: number | bigint;
    readonly bavail: number | bigint;
    readonly files: number | bigint;
    readonly ffree: number | bigint;
    readonly favail: number | bigint;
    readonly fsid: number | bigint;
    readonly flag: number | bigint;
    readonly namemax: number | bigint;
  },
) =>
  extendedReply(
    id,
    ...[value.bsize, value.frsize, value.blocks, value.bfree, value.bavail].map(bigUint64),
    ...[value.files, value.ffree, value.favail, value.fsid, value.flag, value.namemax].map(bigUint64),
  );

/** The reply to `users-groups-by-id@openssh.com`. */
export const usersGroups = (id: number, users: readonly string[], groups: readonly string[]) =>
  extendedReply(id, string(concat(...users.map(string))), string(concat(...groups.map(string))));

/** The reply to `check-file-name` and `check-file-handle`. */
export const hashes = (id: number, algorithm: string, bytes: Uint8Array) =>
  extendedReply(id, string(algorithm), bytes);
