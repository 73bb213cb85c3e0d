/** The words of the commands: the others come with the room. */

import { dictionary } from "../text/language.ts";

export const words = dictionary({
  en: {
    open: "Look into it",
    edit: "Edit as text",
    noFile: "This is no file that could be opened.",
  },
  de: {
    open: "Ansehen",
    edit: "Als Text bearbeiten",
    noFile: "Das ist keine Datei, die sich öffnen lässt.",
  },
});
