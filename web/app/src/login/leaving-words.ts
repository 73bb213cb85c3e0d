import { dictionary } from "../text/language.ts";

export const leavingWords = dictionary({
  en: {
    title: "Something is still under way",
    ends: "All of it ends when you leave. Uploads can be taken up at the next login.",
  },
  de: {
    title: "Es läuft noch etwas",
    ends: "Alles davon endet, wenn Sie gehen. Uploads können Sie bei der nächsten Anmeldung fortsetzen.",
  },
});
