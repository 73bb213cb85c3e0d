/** How large requests may be: what the server says, what the bridge says, and what is sane. */

import type { Reader } from "../bytes.ts";

/** How large requests of this session may be. */
export interface Limits {
  /** Bytes that one READ gives. */
  readonly read: number;
  /** Bytes that one WRITE may have. */
  readonly write: number;
}

/** Of a packet beside the data of a READ or WRITE; OpenSSH's allowance. */
const ROOM = 1024;
const LARGEST = 1_048_576;
/** What the bridge lets pass if it says nothing: `limits.packet`. Answers of this size pass even where it is less. */
const BRIDGE = 262_148;

/**
 * Limits to go by, from the reply to `limits@openssh.com` if there is one: of packets, of READ, of WRITE. What the server does
 * not say, or says to be 0, is what every server takes: 32 KiB. Both are at least 1 KiB and at most 1 MiB, and stay below what
 * ends a session at the bridge.
 */
export function usableLimits(maxPacket = BRIDGE, reply?: Reader): Limits {
  const said = (otherwise: number) => Number(reply?.bigUint64() ?? 0) || otherwise;
  const data = (most: number) => Math.max(1024, Math.min(said(32_768), most - ROOM, LARGEST));
  const packet = Math.min(said(LARGEST), maxPacket - 4);
  return { read: data(Math.max(maxPacket, BRIDGE)), write: data(packet) };
}
