/** The language of the page, and the words of each room in it. */

import { computed, effect, signal } from "@preact/signals";
import { pseudo } from "./pseudo.ts";

/** `ar-XB` is a pseudo-language for tests: English in brackets, longer, and from right to left. */
export const LANGUAGES = { en: "English", de: "Deutsch", "ar-XB": "⟨Right to left⟩" } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT = "language";

/** The one that was chosen, or the first of the browser's that there is. */
function preferred(): Language {
  const wanted = [kept(), ...navigator.languages].filter((tag) => tag !== null);
  for (const tag of wanted) {
    const [base = ""] = tag.split("-");
    const found = [tag, base].find((it) => Object.hasOwn(LANGUAGES, it));
    if (found) return found as Language;
  }
  return "en";
}

/** Storage may be forbidden to the page. */
function kept(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

export const language = signal<Language>(preferred());

/** For Intl: the browser's own region where it speaks the language of the page. */
export const locale = computed(() => {
  const base = language.value === "ar-XB" ? "en" : language.value;
  return navigator.languages.find((tag) => tag.split("-")[0] === base) ?? base;
});

export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // Then it is for this visit.
  }
}

effect(() => {
  const { documentElement: root } = document;
  root.lang = language.value === "ar-XB" ? "en" : language.value;
  root.dir = language.value === "ar-XB" ? "rtl" : "ltr";
});

/** The words of a room, in all languages; both have to be complete. Call what it returns while rendering. */
export function dictionary<Words extends object>(words: { en: Words; de: NoInfer<Words> }): () => Words {
  const reversed = pseudo(words.en);
  return () => (language.value === "ar-XB" ? reversed : words[language.value]);
}

/** `one` or `other` by the rules of the language, with the number in front as it is written there. */
export function plural(count: number, one: string, other: string): string {
  const form = new Intl.PluralRules(locale.value).select(count) === "one" ? one : other;
  return `${new Intl.NumberFormat(locale.value).format(count)} ${form}`;
}
