/** What may be done with names: a server's are hostile, and a path's end decides whether a link is followed. */

import { Status } from "../codec/numbers.ts";
import { SftpError } from "../errors.ts";
import { type SftpPath, shown } from "../path.ts";

/** Whether it names something in its own directory. What does not is never read, written or removed. */
export const isName = (name: string): boolean => !/^\.{0,2}$|[/\0]/.test(name);

/** A failure that this side found. */
export const failure = (operation: string, path: SftpPath, message: string): SftpError =>
  new SftpError(Status.FAILURE, operation, shown(path), message);

/** Without slashes at the end: behind one, even LSTAT follows a link. */
export function trimmed(path: SftpPath): SftpPath {
  let end = path.length;
  while (["/", 0x2f].includes(path[end - 1] ?? 0)) end--;
  return path.slice(0, end);
}

/** Without slashes at the end, if its last part is a name: not `/`, nor what ends in `.` or `..`. */
export function named(operation: string, path: SftpPath): SftpPath {
  const it = trimmed(path);
  if (!isName(shown(split(it)[1]))) throw failure(operation, path, "it ends in no name");
  return it;
}

/** The directory, empty where there is none, and the last part. */
export function split(path: SftpPath): [directory: SftpPath, name: SftpPath] {
  const at = typeof path === "string" ? path.lastIndexOf("/") : path.lastIndexOf(0x2f);
  return [path.slice(0, at > 0 ? at : at + 1), path.slice(at + 1)];
}
