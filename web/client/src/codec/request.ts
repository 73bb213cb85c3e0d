/** Requests (draft-ietf-secsh-filexfer-02, section 6) as bytes. The session puts the request id in. */

import { type Bytes, byteLength, concat, string, uint32, uint64 } from "../bytes.ts";
import { type SftpPath, shown } from "../path.ts";
import { type Attributes, encodeAttributes } from "./attributes.ts";
import { Type } from "./numbers.ts";

/** A packet but for its id, which belongs at byte 5 of `head`. */
export interface Request {
  readonly head: Bytes;
  /** The data of a WRITE: sent behind `head`, and never copied where it is a Blob. */
  readonly body?: Bytes | Blob | undefined;
}

function packet(type: number, fields: Uint8Array[], body?: Bytes | Blob): Request {
  const rest = concat([type, 0, 0, 0, 0], ...fields);
  return { head: concat(uint32(rest.length + (body ? byteLength(body) : 0)), rest), body };
}

/** A function that makes packets of this type, from how their fields are written. */
const packets =
  <Fields extends unknown[]>(
    type: number,
    ...write: { [Index in keyof Fields]-?: (field: Fields[Index]) => Bytes }
  ) =>
  (...fields: Fields): Request =>
    packet(
      type,
      write.map((encode, index) => encode(fields[index])),
    );

/**
 * A path as it is sent. What a server would take for another path is a TypeError: NUL, at which servers cut or end the
 * session, and half of a surrogate pair, which UTF-8 does not have.
 */
export function encodePath(path: SftpPath): Bytes {
  if (typeof path === "string" ? /[\0\p{Cs}]/u.test(path) : path.includes(0))
    throw new TypeError(`${JSON.stringify(shown(path))} is no path`);
  return string(path);
}

type OnPath = [path: SftpPath];
type OnHandle = [handle: Uint8Array];
type Maybe = [attributes?: Parameters<typeof encodeAttributes>[0]];

/** Section 4. It has no id: the version that is asked for is in its place. */
export const init = packets<[]>(Type.INIT);
export const open = packets<[...OnPath, flags: number, ...Maybe]>(
  Type.OPEN,
  encodePath,
  uint32,
  encodeAttributes,
);
export const close = packets<OnHandle>(Type.CLOSE, string);
export const read = packets<[...OnHandle, offset: number, length: number]>(Type.READ, string, uint64, uint32);
export const write = (handle: Uint8Array, offset: number, data: Bytes | Blob) =>
  packet(Type.WRITE, [string(handle), uint64(offset), uint32(byteLength(data))], data);
export const lstat = packets<OnPath>(Type.LSTAT, encodePath);
export const fstat = packets<OnHandle>(Type.FSTAT, string);
export const stat = packets<OnPath>(Type.STAT, encodePath);
export const setstat = packets<[...OnPath, attributes: Attributes]>(
  Type.SETSTAT,
  encodePath,
  encodeAttributes,
);
export const fsetstat = packets<[...OnHandle, attributes: Attributes]>(
  Type.FSETSTAT,
  string,
  encodeAttributes,
);
export const opendir = packets<OnPath>(Type.OPENDIR, encodePath);
export const readdir = packets<OnHandle>(Type.READDIR, string);
export const remove = packets<OnPath>(Type.REMOVE, encodePath);
export const mkdir = packets<[...OnPath, ...Maybe]>(Type.MKDIR, encodePath, encodeAttributes);
export const rmdir = packets<OnPath>(Type.RMDIR, encodePath);
export const realpath = packets<OnPath>(Type.REALPATH, encodePath);
export const rename = packets<[from: SftpPath, to: SftpPath]>(Type.RENAME, encodePath, encodePath);
export const readlink = packets<OnPath>(Type.READLINK, encodePath);
/** The target goes first, as OpenSSH has it, and not as the draft says. */
export const symlink = packets<[target: SftpPath, link: SftpPath]>(Type.SYMLINK, encodePath, encodePath);
/** Section 8: the name of an extension, and fields in its own form. */
export const extended = (name: string, ...fields: Uint8Array[]) =>
  packet(Type.EXTENDED, [string(name), ...fields]);
