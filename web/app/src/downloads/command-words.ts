/** The words of the commands: the others come with the room. */

import { dictionary } from "../text/language.ts";

export const words = dictionary({
  en: {
    download: "Download",
    downloadTo: "Download to…",
    noFile: "This is no file that could be downloaded.",
  },
  de: {
    download: "Herunterladen",
    downloadTo: "Herunterladen nach …",
    noFile: "Das ist keine Datei, die sich herunterladen lässt.",
  },
});
