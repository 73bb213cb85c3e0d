import { dictionary } from "../text/language.ts";

export const words = dictionary({
  en: { cancel: "Cancel", close: "Close", dismiss: "Dismiss", menu: "Menu", part: "This is not here yet." },
  de: {
    cancel: "Abbrechen",
    close: "Schließen",
    dismiss: "Ausblenden",
    menu: "Menü",
    part: "Das ist noch nicht da.",
  },
});
