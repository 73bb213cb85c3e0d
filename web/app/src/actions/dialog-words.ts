/** Words of the dialogs: they come with them, when they are needed. */

import { dictionary, plural } from "../text/language.ts";
import { isolated } from "../text/name.ts";

export const words = dictionary({
  en: {
    name: "Name",
    create: "Create",
    taken: "There is something of that name already.",
    newFolderTitle: "New folder",
    newFileTitle: "New empty file",
    newLinkTitle: "New link",
    defaultFolder: "New folder",
    defaultFile: "New file.txt",
    linkTo: (name: string) => `Link to ${name}`,
    target: "Leads to",
    targetHint: "A path at the server: from “/” on, or from this folder on.",
    linkKind: "Kind of link",
    symbolic: "Symbolic: leads to whatever is at that path",
    hard: "Hard: another name for the same file",
    noHard: "This server makes no hard links.",
    needsTarget: "Where does it lead to?",

    deleteTitle: (name: string) => `Delete “${isolated(name)}”?`,
    deleteManyTitle: (count: number) => `Delete ${plural(count, "item", "items")}?`,
    forGood: "This cannot be undone: the server has no bin.",
    onlyLinks: "Of links only the link is deleted. What it leads to stays.",
    allInside: "Folders are deleted with everything in them.",
    counting: "Counting what is inside …",
    inside: (files: number, folders: number) =>
      `${plural(files, "file", "files")}${folders ? ` and ${plural(folders, "folder", "folders")}` : ""} inside`,
    uncounted: "Not all of it could be read.",
    andMore: (count: string) => `and ${count} more`,
    delete: "Delete for good",
  },
  de: {
    name: "Name",
    create: "Anlegen",
    taken: "Etwas mit diesem Namen gibt es schon.",
    newFolderTitle: "Neuer Ordner",
    newFileTitle: "Neue leere Datei",
    newLinkTitle: "Neue Verknüpfung",
    defaultFolder: "Neuer Ordner",
    defaultFile: "Neue Datei.txt",
    linkTo: (name: string) => `Verknüpfung mit ${name}`,
    target: "Führt zu",
    targetHint: "Ein Pfad auf dem Server: ab „/“ oder ab diesem Ordner.",
    linkKind: "Art der Verknüpfung",
    symbolic: "Symbolisch: führt zu dem, was unter diesem Pfad liegt",
    hard: "Hart: ein weiterer Name derselben Datei",
    noHard: "Dieser Server legt keine harten Verknüpfungen an.",
    needsTarget: "Wohin soll sie führen?",

    deleteTitle: (name: string) => `„${isolated(name)}“ löschen?`,
    deleteManyTitle: (count: number) => `${plural(count, "Element", "Elemente")} löschen?`,
    forGood: "Das lässt sich nicht rückgängig machen: Der Server hat keinen Papierkorb.",
    onlyLinks: "Von Verknüpfungen wird nur die Verknüpfung gelöscht. Ihr Ziel bleibt.",
    allInside: "Ordner werden mit allem gelöscht, was darin ist.",
    counting: "Der Inhalt wird gezählt …",
    inside: (files: number, folders: number) =>
      `${plural(files, "Datei", "Dateien")}${folders ? ` und ${plural(folders, "Ordner", "Ordner")}` : ""} darin`,
    uncounted: "Nicht alles davon ließ sich lesen.",
    andMore: (count: string) => `und ${count} weitere`,
    delete: "Endgültig löschen",
  },
});
