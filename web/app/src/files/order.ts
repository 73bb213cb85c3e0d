/**
 * The order of names as people expect it: by the alphabet of their language, whatever the case and the accents, and
 * numbers by their value. Comparing 100,000 names by Intl.Collator takes seconds, so each name gets a key, once, and keys
 * are compared as the plain strings that they are. What the keys leave out is told apart by the name itself.
 */

/** Latin with its accents, Greek and Cyrillic: what is beyond is in the order of Unicode, after them. */
const ALPHABETS = [
  [0x20, 0x17f],
  [0x370, 0x52f],
] as const;
const BEYOND = 0x530;

const ZERO = 0x30;
const isDigit = (code: number) => code >= ZERO && code <= 0x39;

/** The place of each character in the alphabet of a language; 0 for what does not matter, such as a control character. */
function weights(locale: string): Uint16Array {
  const { compare } = new Intl.Collator(locale, { sensitivity: "base" });
  const characters = ALPHABETS.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => String.fromCharCode(first + index)),
  ).filter((character) => compare(character, "") !== 0);
  characters.sort(compare);
  const found = new Uint16Array(BEYOND);
  let weight = 0;
  characters.forEach((character, index) => {
    // Those that are the same but for case and accents share a place.
    if (!index || compare(character, characters[index - 1] ?? "") !== 0) weight++;
    found[character.charCodeAt(0)] = weight;
  });
  return found;
}

/** Makes the keys of one language. */
export class NameOrder {
  readonly #weights: Uint16Array;
  /** A name has 255 bytes at most where people work; longer ones are ordered by their beginning. */
  readonly #units = new Uint16Array(512);

  constructor(locale: string) {
    this.#weights = weights(locale);
  }

  /** `key(a) < key(b)` where a comes before b. */
  key(name: string): string {
    const text = name.normalize();
    const units = this.#units;
    let length = 0;
    for (let index = 0; index < text.length && length < 250; index++) {
      const code = text.charCodeAt(index);
      if (isDigit(code)) {
        const end = endOfNumber(text, index);
        length = this.#putNumber(text, index, end, length);
        index = end - 1;
        continue;
      }
      const weight = code < BEYOND ? this.#weights[code] : code;
      if (weight) units[length++] = weight;
    }
    return String.fromCharCode(...units.subarray(0, length));
  }

  /** Behind the place of digits, how many there are: the longer number is the larger one. */
  #putNumber(text: string, start: number, end: number, at: number): number {
    const units = this.#units;
    let first = start;
    while (first < end - 1 && text.charCodeAt(first) === ZERO) first++;
    let length = at;
    units[length++] = this.#weights[ZERO] ?? 0;
    units[length++] = end - first;
    for (let index = first; index < end; index++) units[length++] = text.charCodeAt(index);
    return length;
  }
}

function endOfNumber(text: string, start: number): number {
  let end = start;
  // No number is longer than what the key has room for.
  while (end < text.length && end - start < 250 && isDigit(text.charCodeAt(end))) end++;
  return end;
}
