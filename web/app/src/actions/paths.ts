/** What paths say of each other, whether they are text or bytes. */

import type { SftpPath } from "sftpbridge-client";

const bytesOf = (path: SftpPath) => (typeof path === "string" ? new TextEncoder().encode(path) : path);

/** One character for each byte, without slashes at the end: the same for the same path. */
const normal = (path: SftpPath) =>
  Array.from(bytesOf(path), (byte) => String.fromCharCode(byte))
    .join("")
    .replace(/\/+$/, "");

export const isSamePath = (one: SftpPath, other: SftpPath): boolean => normal(one) === normal(other);

/** Whether it is this directory itself, or below it. */
export const isWithin = (path: SftpPath, directory: SftpPath): boolean =>
  `${normal(path)}/`.startsWith(`${normal(directory)}/`);
