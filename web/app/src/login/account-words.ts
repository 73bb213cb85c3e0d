import { dictionary } from "../text/language.ts";

export const accountWords = dictionary({
  en: {
    account: (user: string, server: string) => `Account: ${user} at ${server}`,
    whoWhere: (user: string, server: string) => `${user} at ${server}`,
    keys: "Keys…",
    system: "Colours of the system",
    light: "Light",
    dark: "Dark",
    logOut: "Log out",
    signOut: "Log out and sign out",
    notSignedOut: "You are logged out here, but the single sign-on goes on.",
  },
  de: {
    account: (user: string, server: string) => `Konto: ${user} bei ${server}`,
    whoWhere: (user: string, server: string) => `${user} bei ${server}`,
    keys: "Schlüssel …",
    system: "Farben des Systems",
    light: "Hell",
    dark: "Dunkel",
    logOut: "Abmelden",
    signOut: "Überall abmelden",
    notSignedOut: "Sie sind hier abgemeldet, das Single Sign-on besteht aber weiter.",
  },
});
