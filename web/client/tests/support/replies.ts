/** Replies of every kind, and one way to read whatever comes: for tests that change, cut and make up packets. */

import { type Bytes, concat, uint32 } from "../../src/bytes.ts";
import { decodeAttributes } from "../../src/codec/attributes.ts";
import * as extensions from "../../src/codec/extensions.ts";
import { Type } from "../../src/codec/numbers.ts";
import * as responses from "../../src/codec/response.ts";
import { ProtocolError } from "../../src/errors.ts";
import { usableLimits } from "../../src/session/limits.ts";
import * as server from "./server-codec.ts";

const ATTRIBUTES = {
  size: 2 ** 40,
  uid: 1000,
  gid: 1000,
  mode: 0o100644,
  atime: 1,
  mtime: 2,
  extended: [["acl", Uint8Array.of(1, 2, 3)]] as [string, Uint8Array][],
};

/** The kinds of EXTENDED_REPLY go by their id here. */
const EXTENDED = { limits: 1, fileSystem: 2, usersGroups: 3, hashes: 4 };

const ENTRIES = [
  { name: "a", longname: "-rw-r--r-- a", attributes: ATTRIBUTES },
  { name: Uint8Array.of(0xff, 0x2f) },
  { name: "\u202e", attributes: { mode: 0o40755 } },
];

const fileSystem = { bsize: 1, frsize: 2, blocks: 3, bfree: 4, bavail: 5, files: 6, ffree: 7, favail: 8 };

/** One of each. */
export const samples = (): [name: string, packet: Bytes][] => [
  ["version", server.version({ a: "1", b: "2" })],
  ["status", server.status(1, 2, "abc", "en")],
  ["handle", server.handle(1, "\0\0\0\x01")],
  ["data", server.data(1, new Uint8Array(20))],
  ["names", server.names(1, ENTRIES)],
  ["attributes", server.attributes(1, ATTRIBUTES)],
  ["limits", server.limits(EXTENDED.limits, 262144, 261120, 261120, 1019)],
  ["fileSystem", server.fileSystem(EXTENDED.fileSystem, { ...fileSystem, fsid: 9, flag: 1, namemax: 255 })],
  ["usersGroups", server.usersGroups(EXTENDED.usersGroups, ["root", ""], ["wheel"])],
  ["hashes", server.hashes(EXTENDED.hashes, "md5", new Uint8Array(3))],
];

/** Reads a reply to the end, as the client would that waits for this type. */
export function decodeReply(message: ArrayBuffer): unknown {
  const { type, id, body } = responses.parse(message);
  switch (type) {
    case Type.VERSION:
      return responses.decodeVersion(body);
    case Type.STATUS:
      return responses.decodeStatus(body);
    case Type.HANDLE:
      return responses.decodeHandle(body);
    case Type.DATA:
      return body.string();
    case Type.NAME:
      return responses.decodeNames(body);
    case Type.ATTRS:
      return decodeAttributes(body);
    case Type.EXTENDED_REPLY:
      if (id === EXTENDED.limits) return usableLimits(undefined, body);
      if (id === EXTENDED.fileSystem) return extensions.statvfs("x").decode?.(body);
      if (id === EXTENDED.usersGroups) return extensions.usersGroupsById([0, 1], [0]).decode?.(body);
      return extensions.checkFile("x", { algorithms: ["md5"] }).decode?.(body);
    default:
      throw new ProtocolError(`type ${type}`);
  }
}

/** A small generator of random numbers that can be started again (Marsaglia's xorshift): for millions of them. */
export function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const AWKWARD = [0, 1, 0x7f, 0x80, 0xff];

/** Changes a reply in place at up to four points, bytes or whole lengths; the length prefix and half of the types stay. */
export function mutate(packet: Bytes, next: (below: number) => number): void {
  const view = new DataView(packet.buffer);
  for (let changes = next(4) + 1; changes > 0; changes--) {
    const at = 4 + next(packet.length - 4);
    if (at === 4 && next(2)) continue;
    if (next(2)) packet[at] = next(2) ? next(256) : (AWKWARD[next(AWKWARD.length)] ?? 0);
    else if (at + 4 <= packet.length) view.setUint32(at, next(2) ? next(64) : 0xffffffff - next(64));
  }
}

/** What happened to so many mutated and made-up replies; throws what no reply may cause. */
export function fuzz(count: number, seed: number): { read: number; refused: number } {
  const next = random(seed);
  const kinds = samples().map(([, packet]) => packet);
  let read = 0;
  // Most of the time would go into stacks that nobody looks at.
  Error.stackTraceLimit = 0;
  for (let left = count; left > 0; left--) {
    const packet = next(4) ? (kinds[next(kinds.length)] as Bytes).slice() : madeUp(next);
    mutate(packet, next);
    try {
      decodeReply(packet.buffer);
      read++;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
  Error.stackTraceLimit = 10;
  return { read, refused: count - read };
}

const TYPES = Object.values(Type).filter((type) => type > 100);

function madeUp(next: (below: number) => number): Bytes {
  const payload = Uint8Array.from({ length: 1 + next(60) }, () => (next(3) ? next(8) : next(256)));
  payload[0] = TYPES[next(TYPES.length)] ?? 0;
  return concat(uint32(payload.length), payload);
}
