import { dictionary } from "../text/language.ts";

export const commandWords = dictionary({
  en: {
    newFolder: "New folder",
    newFile: "New file",
    newLink: "New link",
    rename: "Rename",
    cut: "Cut",
    copy: "Copy",
    paste: "Paste",
    duplicate: "Duplicate",
    delete: "Delete",
    properties: "Properties",
    copyPath: "Copy path",
    copyLink: "Copy link to this folder",
    stopped: (title: string) => `Stopped: ${title} What was done by then stays.`,
  },
  de: {
    newFolder: "Neuer Ordner",
    newFile: "Neue Datei",
    newLink: "Neue Verknüpfung",
    rename: "Umbenennen",
    cut: "Ausschneiden",
    copy: "Kopieren",
    paste: "Einfügen",
    duplicate: "Duplizieren",
    delete: "Löschen",
    properties: "Eigenschaften",
    copyPath: "Pfad kopieren",
    copyLink: "Link zu diesem Ordner kopieren",
    stopped: (title: string) => `Angehalten: ${title} Was bis dahin getan war, bleibt.`,
  },
});
