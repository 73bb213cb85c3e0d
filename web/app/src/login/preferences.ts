/** Language and colours, as groups of a menu. */

import { Monitor, Moon, Sun } from "lucide-preact";
import { chooseLanguage, LANGUAGES, type Language, language } from "../text/language.ts";
import type { MenuGroups } from "../ui/menu.tsx";
import { chooseTheme, THEMES, theme } from "../ui/theme.ts";
import { accountWords } from "./account-words.ts";

const ICONS = { system: Monitor, light: Sun, dark: Moon };

/** The pseudo-language is for those who know of it: `?pseudo` in the address. */
const isOffered = (tag: Language) =>
  tag !== "ar-XB" || language.value === tag || new URLSearchParams(location.search).has("pseudo");

export function preferences(): MenuGroups {
  const tags = (Object.keys(LANGUAGES) as Language[]).filter(isOffered);
  return [
    tags.map((tag) => ({
      label: LANGUAGES[tag],
      checked: tag === language.value,
      run: () => chooseLanguage(tag),
    })),
    THEMES.map((it) => ({
      label: accountWords()[it],
      icon: ICONS[it],
      checked: it === theme.value,
      run: () => chooseTheme(it),
    })),
  ];
}
