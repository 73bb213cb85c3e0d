import { dictionary } from "../text/language.ts";

export const commandWords = dictionary({
  en: {
    upload: "Upload files",
    uploadFolder: "Upload a folder",
    transfers: "Transfers",
    drop: "Drop to upload",
    dropInto: "into",
  },
  de: {
    upload: "Dateien hochladen",
    uploadFolder: "Ordner hochladen",
    transfers: "Übertragungen",
    drop: "Loslassen zum Hochladen",
    dropInto: "nach",
  },
});
