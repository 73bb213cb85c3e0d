/** File attributes (draft-ietf-secsh-filexfer-02, section 5). */

import { type Bytes, concat, type Reader, string, uint32, uint64 } from "../bytes.ts";

/** What the server says of a file, or what it is to be set to. What is not there is not known, or not to be changed. */
export interface Attributes {
  /**
   * Bytes, a safe integer. Left out where the server says 2^53 or more: no such file exists, and one silly size is no
   * reason to lose a whole listing.
   */
  size?: number;
  /** Goes together with `gid`. */
  uid?: number;
  /** Goes together with `uid`. */
  gid?: number;
  /** Permissions and, in the server's answers, the type of file: as `st_mode` of POSIX. */
  mode?: number;
  /** Whole seconds since 1970, up to the year 2106. Goes together with `mtime`. */
  atime?: number;
  /** Whole seconds since 1970, up to the year 2106. Goes together with `atime`. */
  mtime?: number;
  /** Extended attributes: name and data. */
  extended?: [name: string, data: Uint8Array][];
}

/** What kind of thing an entry is; `other` for sockets, devices and what is unknown. */
export type FileType = "file" | "directory" | "symlink" | "other";

/** In the order of their flags, from 1 on. All are uint32 but the first, which is uint64. */
const FIELDS = [["size"], ["uid", "gid"], ["mode"], ["atime", "mtime"]] as const;
const EXTENDED = 0x80000000;

/** Flags that version 3 does not have. It says nothing of their fields: other versions have some, careless servers none. */
export const UNKNOWN_FLAGS = ~(15 | EXTENDED);

/** By the upper bits of `mode`: `S_IFMT` of POSIX. */
export function fileType({ mode = 0 }: Attributes): FileType {
  return ({ 4: "directory", 8: "file", 10: "symlink" } as const)[(mode >> 12) & 15] ?? "other";
}

/** A TypeError where one of a pair is missing: the wire has both or none, and leaving one out would be no answer. */
export function encodeAttributes(
  attributes: { [Name in keyof Attributes]: Attributes[Name] | undefined } = {},
): Bytes {
  const { extended } = attributes;
  const parts: Uint8Array[] = [];
  let flags = 0;
  FIELDS.forEach((names, bit) => {
    const values = names.map((name) => attributes[name]).filter((value) => value !== undefined);
    if (!values.length) return;
    if (values.length < names.length) throw new TypeError(`${names}: both or none`);
    flags |= 1 << bit;
    parts.push(...values.map(bit ? uint32 : uint64));
  });
  if (extended) {
    flags |= EXTENDED;
    parts.push(uint32(extended.length), ...extended.flat().map(string));
  }
  return concat(uint32(flags >>> 0), ...parts);
}

export const decodeAttributes = (reader: Reader): Attributes => decodeFields(reader, reader.uint32());

/** Flags that version 3 does not have are ignored, as OpenSSH does: who knows of fields of theirs has to look at `flags`. */
export function decodeFields(reader: Reader, flags: number): Attributes {
  const attributes: Attributes = {};
  FIELDS.forEach((names, bit) => {
    if (!(flags & (1 << bit))) return;
    for (const name of names) {
      const value = bit ? reader.uint32() : Number(reader.bigUint64());
      if (Number.isSafeInteger(value)) attributes[name] = value;
    }
  });
  if (flags & EXTENDED) {
    attributes.extended = [];
    for (let left = reader.uint32(); left--; )
      attributes.extended.push([reader.text(), reader.string().slice()]);
  }
  return attributes;
}
