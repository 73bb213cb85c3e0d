/** Responses (draft-ietf-secsh-filexfer-02, section 7). Nothing in them is believed before it is checked. */

import { Reader } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";
import { type SftpPath, shown, toPath } from "../path.ts";
import { type Attributes, decodeFields, type FileType, fileType, UNKNOWN_FLAGS } from "./attributes.ts";

/** One entry of a directory, or one name. */
export interface Entry {
  /** Without a path. What is not UTF-8 in it is shown as U+FFFD. Hostile: any text may be in it. */
  readonly name: string;
  /** The bytes of the name, where the text does not lead back to them for certain: for requests. */
  readonly rawName?: Uint8Array;
  /** The line that `ls -l` would have; its form is the server's. */
  readonly longname: string;
  readonly attributes: Attributes;
  readonly type: FileType;
}

/** A packet from the server: its type, its id (of VERSION the version), and what follows, not read yet. */
export interface Response {
  readonly type: number;
  readonly id: number;
  readonly body: Reader;
}

/** No packet is larger, whoever sends it: what the bridge itself takes. */
const LARGEST = 1_048_576 + 65_536;

/** Splits one message: exactly one packet. */
export function parse(message: ArrayBuffer): Response {
  const body = new Reader(new Uint8Array(message));
  const length = body.uint32();
  if (length !== body.left || length > LARGEST)
    throw new ProtocolError(`a packet of ${length} bytes in a message with ${body.left}`);
  return { type: body.bytes(1)[0] as number, id: body.uint32(), body };
}

/** Section 4: the extensions by name. One that is announced in several versions has them all, as `1,2`. */
export function decodeVersion(body: Reader): Map<string, string> {
  const extensions = new Map<string, string>();
  while (body.left) {
    extensions.set(body.text(), body.text());
  }
  return extensions;
}

/** Some servers leave the message out, or the language. Of the message, the first 1,000 characters. */
export function decodeStatus(body: Reader): { status: number; message: string } {
  return { status: body.uint32(), message: body.left ? body.text().slice(0, 1000) : "" };
}

/** A copy of the handle: at most 256 bytes, of which every request will have them all. */
export const decodeHandle = (body: Reader): Uint8Array => body.string(256).slice();

/**
 * The names of a NAME. Bytes behind them do not matter, but for one case: after attributes with flags that are unknown they
 * show that the flags had fields, and that what was read as names is none.
 */
export function decodeNames(body: Reader): Entry[] {
  const entries: Entry[] = [];
  let unknown = 0;
  for (let left = body.uint32(); left--; ) {
    const path = toPath(body.string());
    const longname = body.text();
    const flags = body.uint32();
    unknown |= flags & UNKNOWN_FLAGS;
    const attributes = decodeFields(body, flags);
    const entry = { name: shown(path), longname, attributes, type: fileType(attributes) };
    entries.push(typeof path === "string" ? entry : { ...entry, rawName: path });
  }
  if (unknown && body.left) throw new ProtocolError("attributes of another version");
  return entries;
}

/** The first name of a NAME, as a path: a ProtocolError where there is none. What follows does not matter. */
export function decodeName(body: Reader): SftpPath {
  body.uint32();
  return toPath(body.string());
}
