/** Names and texts of other people, made visible. They are only ever shown as text. */

/** C0 and C1, what turns the direction of text, and what has no width: names that differ have to look different. */
const HIDDEN =
  /[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e0fff}]/gu;

/** On one line, with a picture or the number of what could not be seen. */
export function visible(name: string): string {
  return name.replace(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/** In a sentence: isolated, so that its direction is not that of the sentence. */
export const isolated = (name: string): string => `\u2068${visible(name)}\u2069`;

/** One character of UTF-8 that has several bytes (Unicode, table 3-7), or else one byte. */
const CHARACTER =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\s\S]/g;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Of an entry. Bytes that are not UTF-8 are shown by their numbers, since they all look the same as text. */
export function visibleName({
  name,
  rawName,
}: {
  readonly name: string;
  readonly rawName?: Uint8Array;
}): string {
  if (!rawName) return visible(withSpaces(name));
  const characters = Array.from(rawName, (byte) => String.fromCharCode(byte)).join("");
  const shown = characters.replace(CHARACTER, (character) => {
    const bytes = Uint8Array.from(character, (it) => it.charCodeAt(0));
    const [byte = 0] = bytes;
    if (bytes.length === 1 && byte >= 0x80) return `⟨${byte.toString(16).toUpperCase()}⟩`;
    return decoder.decode(bytes);
  });
  return visible(withSpaces(shown));
}

/** At the beginning and the end, spaces cannot be seen. */
const withSpaces = (name: string) => name.replace(/^ +| +$/g, (spaces) => "␣".repeat(spaces.length));
/** Several lines of somebody else, such as a banner: line breaks are kept, everything else is made visible. */
export function visibleLines(text: string): string {
  return text
    .trimEnd()
    .split(/\r\n|[\r\n]/)
    .map((line) => visible(line.replaceAll("\t", "    ")))
    .join("\n");
}
