/**
 * What can be shown of a file, and how. Images are known by their first bytes, whatever their names say; HTML, SVG and all else
 * that a browser could run are texts here.
 */

export type Kind =
  | { readonly kind: "image"; readonly type: string }
  | { readonly kind: "audio" | "video"; readonly type: string }
  | { readonly kind: "pdf" }
  | { readonly kind: "text" }
  | { readonly kind: "other" };

/** First bytes that are enough to tell. */
export const HEAD = 4096;

const MEDIA: Record<string, string> = {
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  aac: "audio/aac",
  wav: "audio/wav",
  flac: "audio/flac",
  ogg: "audio/ogg",
  oga: "audio/ogg",
  opus: "audio/ogg",
  weba: "audio/webm",
  mp4: "video/mp4",
  m4v: "video/mp4",
  webm: "video/webm",
  ogv: "video/ogg",
  mov: "video/quicktime",
  mkv: "video/x-matroska",
};

/** What images have in them, and where. */
const IMAGES: readonly (readonly [type: string, ...signs: (readonly [at: number, sign: string])[]])[] = [
  ["image/png", [0, "\x89PNG\r\n\x1a\n"]],
  ["image/jpeg", [0, "\xff\xd8\xff"]],
  ["image/gif", [0, "GIF87a"]],
  ["image/gif", [0, "GIF89a"]],
  ["image/webp", [0, "RIFF"], [8, "WEBP"]],
  ["image/avif", [4, "ftypavif"]],
  ["image/avif", [4, "ftypavis"]],
  ["image/bmp", [0, "BM"], [6, "\0\0\0\0"]],
  ["image/x-icon", [0, "\0\0\x01\0"]],
];

const endingOf = (name: string) => /\.([^.]*)$/.exec(name)?.[1]?.toLowerCase() ?? "";

/** From the name and the first bytes. */
export function kindOf(name: string, head: Uint8Array): Kind {
  const start = latin1(head);
  const [image] =
    IMAGES.find(([, ...signs]) => signs.every(([at, sign]) => start.startsWith(sign, at))) ?? [];
  if (image) return { kind: "image", type: image };
  if (start.slice(0, 1024).includes("%PDF-")) return { kind: "pdf" };
  if (isText(head, start)) return { kind: "text" };
  const type = MEDIA[endingOf(name)];
  if (type) return { kind: type.startsWith("audio") ? "audio" : "video", type };
  return { kind: "other" };
}

const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

/** Texts have no zeros, unless they are UTF-16, and hardly any control characters. */
function isText(head: Uint8Array, start: string): boolean {
  if (/^(\xff\xfe|\xfe\xff)/.test(start)) return head.length % 2 === 0 || head.length === HEAD;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
  return !/[\0-\x06\x0e-\x1a\x1c-\x1f]/.test(start);
}
