/** The pseudo-language: shows what is not translated, what does not fit, and what is not mirrored. */

/** Longer by half, in brackets, and read from right to left (U+202E would turn digits, too; a mark is enough). */
const dressed = (text: string) => `\u200f⟦${text}${"·".repeat(Math.ceil(text.length / 2))}⟧\u200f`;

/** The same words, functions among them, each dressed. */
export function pseudo<Words extends object>(words: Words): Words {
  const entries = Object.entries(words).map(([name, value]) => {
    if (typeof value === "string") return [name, dressed(value)];
    if (typeof value === "function") return [name, (...args: unknown[]) => dressed(String(value(...args)))];
    return [name, pseudo(value as object)];
  });
  return Object.fromEntries(entries) as Words;
}
