/** Permissions and owners, as `ls -l` has them. */

import type { Attributes, Entry, FileType } from "sftpbridge-client";

/** `rwxr-x---`, with the set-id and sticky bits where they are. */
export function permissions(mode: number): string {
  const letters = [..."rwxrwxrwx"].map((letter, index) => (mode & (0o400 >> index) ? letter : "-"));
  const special = [
    [0o4000, 2, "s"],
    [0o2000, 5, "s"],
    [0o1000, 8, "t"],
  ] as const;
  for (const [bit, at, letter] of special)
    if (mode & bit) letters[at] = letters[at] === "x" ? letter : letter.toUpperCase();
  return letters.join("");
}

/** `me:staff` by the names in the server's own line where it is one of `ls`, or else by the numbers. */
export function owner({ longname, attributes: { uid, gid } }: Entry): string {
  const [, user, group] = LINE.exec(longname) ?? [];
  if (user && group) return `${user}:${group}`;
  return uid === undefined ? "" : `${uid}:${gid}`;
}

const LINE = /^[-bcdlpsD?][-rwxsStT]{9}[.+@]? +\d+ +(\S+) +(\S+) /;

/** Whether the server's own line has the names. */
export const namesOwner = ({ longname }: Entry): boolean => LINE.test(longname);

/** What kind of thing has these attributes, by `S_IFMT` of POSIX. */
export function typeOf({ mode = 0 }: Attributes): FileType {
  return ({ 4: "directory", 8: "file", 10: "symlink" } as const)[(mode >> 12) & 15] ?? "other";
}
