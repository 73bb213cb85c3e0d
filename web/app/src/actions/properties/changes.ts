/** What is to be changed of attributes: only that is sent. */

import type { Attributes } from "sftpbridge-client";

/** Permission bits that are given and taken; the others stay as they are. */
export interface ModeChange {
  readonly set: number;
  readonly clear: number;
}

export interface Edits {
  readonly mode: ModeChange;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Seconds since 1970. */
  readonly mtime?: number | undefined;
}

export const NO_MODE: ModeChange = { set: 0, clear: 0 };
export const NO_EDITS: Edits = { mode: NO_MODE };

const BITS = 0o7777;
const EXECUTE = 0o111;

export const withBit = ({ set, clear }: ModeChange, bit: number, isOn: boolean): ModeChange =>
  isOn ? { set: set | bit, clear: clear & ~bit } : { set: set & ~bit, clear: clear | bit };

/** All bits. */
export const exactly = (mode: number): ModeChange => ({ set: mode & BITS, clear: ~mode & BITS });

export const applied = (mode: number, { set, clear }: ModeChange): number => (mode & BITS & ~clear) | set;

/** After the change; nothing where it is not the same for all. */
export function bitOf(modes: readonly number[], change: ModeChange, bit: number): boolean | undefined {
  const states = new Set(modes.map((mode) => (applied(mode, change) & bit) !== 0));
  return states.size === 1 ? states.has(true) : undefined;
}

export function octalOf(modes: readonly number[], change: ModeChange): string {
  const values = new Set(modes.map((mode) => applied(mode, change)));
  const [value = 0] = values;
  return values.size === 1 ? value.toString(8).padStart(3, "0") : "";
}

/** Nothing where it is no such number. */
export const parseOctal = (text: string): number | undefined =>
  /^[0-7]{1,4}$/.test(text) ? Number.parseInt(text, 8) : undefined;

/** For what is inside a folder: files get "execute" only where they have it for somebody, as by `X` of chmod. */
export const changeInside = (mode: number, isFolder: boolean, { set, clear }: ModeChange): ModeChange =>
  isFolder || mode & EXECUTE ? { set, clear } : { set: set & ~EXECUTE, clear };

/** Nothing where it is so already. What goes in pairs is sent in pairs. */
export function attributesFor(now: Attributes, { mode, uid, gid, mtime }: Edits): Attributes | undefined {
  const changed: Attributes = {};
  if (now.mode !== undefined && applied(now.mode, mode) !== (now.mode & BITS))
    changed.mode = applied(now.mode, mode);
  if ((uid ?? now.uid) !== now.uid || (gid ?? now.gid) !== now.gid) {
    changed.uid = uid ?? now.uid ?? 0;
    changed.gid = gid ?? now.gid ?? 0;
  }
  if (mtime !== undefined && mtime !== now.mtime) {
    changed.mtime = mtime;
    changed.atime = now.atime ?? mtime;
  }
  return Object.keys(changed).length ? changed : undefined;
}

/** For `datetime-local`: local time, to the second. */
export function toLocal(seconds: number): string {
  const date = new Date(seconds * 1000);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

/** Nothing for what version 3 cannot say. */
export function fromLocal(text: string): number | undefined {
  const seconds = Math.floor(new Date(text).getTime() / 1000);
  return seconds >= 0 && seconds <= 0xffffffff ? seconds : undefined;
}
