/** Names that may be given, and names beside those that are taken. */

import type { NamedEntry } from "sftpbridge-client";

/** Why something cannot be called like that. */
export type NameFault = "empty" | "dots" | "slash" | "nul";

export function faultOf(name: string): NameFault | undefined {
  if (!name.trim()) return "empty";
  if (name === "." || name === "..") return "dots";
  if (name.includes("/")) return "slash";
  return name.includes("\0") ? "nul" : undefined;
}

/** The length of a name without its extension. Folders have none, and `.profile` is no extension. */
export function stemLength(name: string, isFolder: boolean): number {
  const dot = name.lastIndexOf(".");
  return isFolder || dot <= 0 ? name.length : dot;
}

/** What most file systems take. */
const NAME_BYTES = 255;

/** One character for each byte, and back: for names that are not UTF-8. */
const toCharacters = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const toBytes = (characters: string) => Uint8Array.from(characters, (it) => it.charCodeAt(0));

/** "name (2).ext", of whatever bytes the name is made. A long one loses its end, so that there is room for the number. */
export function numbered({ name, rawName }: NamedEntry, count: number, isFolder: boolean): NamedEntry {
  const whole = rawName ? toCharacters(rawName) : name;
  const length = (text: string) => (rawName ? text.length : new TextEncoder().encode(text).length);
  const end = stemLength(whole, isFolder);
  const stem = [...whole.slice(0, end)];
  const rest = ` (${count})${whole.slice(end)}`;
  while (stem.length > 1 && length(stem.join("") + rest) > NAME_BYTES) stem.pop();
  const made = stem.join("") + rest;
  return rawName
    ? { name: new TextDecoder("utf-8", { ignoreBOM: true }).decode(toBytes(made)), rawName: toBytes(made) }
    : { name: made };
}

/** `wanted`, or the same with the first number that is free. */
export function unusedName(wanted: string, taken: ReadonlySet<string>, isFolder: boolean): string {
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = numbered({ name: wanted }, count, isFolder).name;
  return name;
}
