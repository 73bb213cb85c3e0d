import type { NamedEntry } from "sftpbridge-client";
import { dictionary, plural } from "../text/language.ts";
import { isolated } from "../text/name.ts";

const named = {
  en: (name: string) => `“${isolated(name)}”`,
  de: (name: string) => `„${isolated(name)}“`,
};

const things = {
  en: (of: readonly NamedEntry[]) =>
    of.length === 1 ? named.en(of[0]?.name ?? "") : plural(of.length, "item", "items"),
  de: (of: readonly NamedEntry[]) =>
    of.length === 1 ? named.de(of[0]?.name ?? "") : plural(of.length, "Element", "Elemente"),
};

type Things = readonly NamedEntry[];

export const words = dictionary({
  en: {
    undo: "Undo",
    stop: "Stop",
    underWay: "Under way",

    named: named.en,
    items: (count: number) => plural(count, "item", "items"),
    deleted: (of: Things) => `${things.en(of)} deleted.`,
    moved: (of: Things, to: string) => `${things.en(of)} moved to ${named.en(to)}.`,
    copied: (of: Things, to: string) => `${things.en(of)} copied to ${named.en(to)}.`,
    renamed: (from: string, to: string) => `${named.en(from)} is now ${named.en(to)}.`,
    made: (name: string) => `${named.en(name)} created.`,
    cutNow: (of: Things) => `${things.en(of)} cut. Paste where it belongs.`,
    copiedNow: (of: Things) => `${things.en(of)} copied. Paste where you want it.`,
    pathCopied: "The path is on the clipboard.",
    linkCopied: "The link is on the clipboard.",
    undone: "Undone.",
    replacedMeanwhile: "It has changed since, or something else has that name by now.",

    deleting: (of: Things) => `Deleting ${things.en(of)}.`,
    renaming: (name: string) => `Renaming ${named.en(name)}.`,
    moving: (of: Things) => `Moving ${things.en(of)}.`,
    copying: (of: Things) => `Copying ${things.en(of)}.`,
    undoing: "Undoing.",
    deletedCount: (count: number) => `${plural(count, "thing", "things")} deleted`,
    copiedCount: (files: number, size: string) => `${plural(files, "file", "files")}, ${size}`,
    ofCount: (done: string, all: string) => `${done} of ${all}`,
    throughBrowser: "The server does not copy by itself, so it goes through this browser and takes longer.",

    notRenamed: (name: string) => `${named.en(name)} could not be renamed.`,
    notChanged: (name: string) => `${named.en(name)} could not be changed.`,
    notUndone: "It could not be undone.",
    notCopiedText: "The clipboard could not be written to.",
    intoItself: (name: string) => `${named.en(name)} cannot go into itself.`,

    nameOf: (name: string) => `New name of ${named.en(name)}`,
    fault: {
      empty: "It needs a name.",
      dots: "“.” and “..” are the names of the folder itself and of the one above.",
      slash: "A name cannot have “/” in it.",
      nul: "A name cannot have a NUL character in it.",
    },

    notDeletedTitle: "Not everything was deleted",
    notMovedTitle: "Not everything was moved",
    notCopiedTitle: "Not everything was copied",
    notChangedTitle: "Not everything was changed",
    failures: (count: number) => `${plural(count, "thing stays as it was", "things stay as they were")}:`,
    moreFailures: (count: number) => `and ${plural(count, "more", "more")}`,
    close: "Close",
  },
  de: {
    undo: "Rückgängig",
    stop: "Anhalten",
    underWay: "In Arbeit",

    named: named.de,
    items: (count: number) => plural(count, "Element", "Elemente"),
    deleted: (of: Things) => `${things.de(of)} gelöscht.`,
    moved: (of: Things, to: string) => `${things.de(of)} nach ${named.de(to)} verschoben.`,
    copied: (of: Things, to: string) => `${things.de(of)} nach ${named.de(to)} kopiert.`,
    renamed: (from: string, to: string) => `${named.de(from)} heißt jetzt ${named.de(to)}.`,
    made: (name: string) => `${named.de(name)} angelegt.`,
    cutNow: (of: Things) => `${things.de(of)} ausgeschnitten. Fügen Sie es am Ziel ein.`,
    copiedNow: (of: Things) => `${things.de(of)} kopiert. Fügen Sie es am Ziel ein.`,
    pathCopied: "Der Pfad ist in der Zwischenablage.",
    linkCopied: "Der Link ist in der Zwischenablage.",
    undone: "Rückgängig gemacht.",
    replacedMeanwhile: "Es hat sich seitdem geändert, oder etwas anderes hat inzwischen diesen Namen.",

    deleting: (of: Things) => `${things.de(of)} löschen.`,
    renaming: (name: string) => `${named.de(name)} umbenennen.`,
    moving: (of: Things) => `${things.de(of)} verschieben.`,
    copying: (of: Things) => `${things.de(of)} kopieren.`,
    undoing: "Rückgängig machen.",
    deletedCount: (count: number) => `${plural(count, "Ding", "Dinge")} gelöscht`,
    copiedCount: (files: number, size: string) => `${plural(files, "Datei", "Dateien")}, ${size}`,
    ofCount: (done: string, all: string) => `${done} von ${all}`,
    throughBrowser:
      "Der Server kopiert nicht selbst. Darum geht alles durch diesen Browser und dauert länger.",

    notRenamed: (name: string) => `${named.de(name)} ließ sich nicht umbenennen.`,
    notChanged: (name: string) => `${named.de(name)} ließ sich nicht ändern.`,
    notUndone: "Es ließ sich nicht rückgängig machen.",
    notCopiedText: "In die Zwischenablage ließ sich nichts schreiben.",
    intoItself: (name: string) => `${named.de(name)} kann nicht in sich selbst liegen.`,

    nameOf: (name: string) => `Neuer Name von ${named.de(name)}`,
    fault: {
      empty: "Es braucht einen Namen.",
      dots: "„.“ und „..“ sind die Namen des Ordners selbst und des Ordners darüber.",
      slash: "In einem Namen kann kein „/“ sein.",
      nul: "In einem Namen kann kein NUL-Zeichen sein.",
    },

    notDeletedTitle: "Nicht alles wurde gelöscht",
    notMovedTitle: "Nicht alles wurde verschoben",
    notCopiedTitle: "Nicht alles wurde kopiert",
    notChangedTitle: "Nicht alles wurde geändert",
    failures: (count: number) => `${plural(count, "Ding bleibt", "Dinge bleiben")}, wie es war:`,
    moreFailures: (count: number) => `und ${plural(count, "weiteres", "weitere")}`,
    close: "Schließen",
  },
});
