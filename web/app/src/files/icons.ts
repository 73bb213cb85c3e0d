/** A picture for each kind of entry: by its type, and by the ending of a file's name. */

import {
  File,
  FileArchive,
  FileCode,
  FileImage,
  FileMusic,
  FilePlay,
  FileSpreadsheet,
  FileSymlink,
  FileText,
  Folder,
  FolderSymlink,
  type LucideIcon,
  Unlink,
} from "lucide-preact";
import type { Entry } from "sftpbridge-client";
import type { LinkEnd } from "./links.ts";

/** The name is that of a colour: see `list.css`. */
export interface Kind {
  readonly name:
    | "folder"
    | "image"
    | "sound"
    | "film"
    | "text"
    | "table"
    | "archive"
    | "code"
    | "plain"
    | "broken";
  readonly icon: LucideIcon;
}

const PLAIN: Kind = { name: "plain", icon: File };
const KINDS: readonly (readonly [endings: string, kind: Kind])[] = [
  ["jpg jpeg png gif webp avif heic svg bmp tif tiff ico raw", { name: "image", icon: FileImage }],
  ["mp3 flac ogg opus wav m4a aac mid", { name: "sound", icon: FileMusic }],
  ["mp4 mkv webm mov avi m4v mpg mpeg", { name: "film", icon: FilePlay }],
  ["txt md pdf doc docx odt rtf tex log", { name: "text", icon: FileText }],
  ["csv tsv xls xlsx ods", { name: "table", icon: FileSpreadsheet }],
  ["zip gz tgz xz bz2 zst tar 7z rar jar deb rpm iso", { name: "archive", icon: FileArchive }],
  [
    "js ts tsx jsx py rs go c h cpp java rb php sh css html xml json toml yaml yml sql",
    { name: "code", icon: FileCode },
  ],
];
const BY_ENDING = new Map(
  KINDS.flatMap(([endings, kind]) => endings.split(" ").map((ending) => [ending, kind] as const)),
);

export function kindOf({ type, name }: Entry, end: LinkEnd | undefined): Kind {
  if (type === "directory") return { name: "folder", icon: Folder };
  if (type !== "symlink") return BY_ENDING.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase()) ?? PLAIN;
  if (end?.type === "broken") return { name: "broken", icon: Unlink };
  return end?.type === "directory"
    ? { name: "folder", icon: FolderSymlink }
    : { ...PLAIN, icon: FileSymlink };
}
