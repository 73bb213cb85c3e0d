import { explain } from "../text/explain.ts";
import { dictionary, plural } from "../text/language.ts";

export const words = dictionary({
  en: {
    files: "Files",
    listName: "Not in this zip.txt",
    listHead: "This is not in the zip:",
    why: (error: unknown) => (error === undefined ? "It is a link, or no file." : explain(error)),
    andMore: (count: number) => `and ${plural(count, "more", "more")}`,
    leftOut: (count: number, name: string) =>
      `${plural(count, "thing is", "things are")} not in “${name}”. A list is in it.`,
    linksLeftOut: (count: number, name: string) =>
      `${plural(count, "link is", "links are")} not in “${name}”. A list is in it.`,
    tooLarge: (size: string) =>
      `It is larger than ${size}, which is the most that this page can save without https.`,
    notTaken: "The browser did not begin to save it.",
    limited: "Downloads are limited here",
    insecure: (size: string) =>
      `This page was opened by plain http, so files are saved out of memory: up to ${size} each, and only once all has arrived. Films and sound play only when they have been loaded. Opening the page by https helps.`,
    refused: (size: string) =>
      `The browser refuses this page a service worker, so files are saved out of memory: up to ${size} each, and only once all has arrived. A window that is not private, or allowing this site to keep data, helps.`,
    understood: "Understood",
  },
  de: {
    files: "Dateien",
    listName: "Nicht in diesem Zip.txt",
    listHead: "Das ist nicht im Zip:",
    why: (error: unknown) =>
      error === undefined ? "Es ist eine Verknüpfung oder keine Datei." : explain(error),
    andMore: (count: number) => `und ${plural(count, "weiteres", "weitere")}`,
    leftOut: (count: number, name: string) =>
      `${plural(count, "Ding ist", "Dinge sind")} nicht in „${name}“. Eine Liste liegt darin.`,
    linksLeftOut: (count: number, name: string) =>
      `${plural(count, "Verknüpfung ist", "Verknüpfungen sind")} nicht in „${name}“. Eine Liste liegt darin.`,
    tooLarge: (size: string) =>
      `Es ist größer als ${size}; mehr kann diese Seite ohne https nicht speichern.`,
    notTaken: "Der Browser hat nicht begonnen, es zu speichern.",
    limited: "Herunterladen geht hier nur eingeschränkt",
    insecure: (size: string) =>
      `Diese Seite wurde ohne https geöffnet. Dateien werden deshalb aus dem Arbeitsspeicher gespeichert: bis ${size}, und erst, wenn alles da ist. Filme und Töne spielen erst, wenn sie geladen sind. Mit https geht es richtig.`,
    refused: (size: string) =>
      `Der Browser erlaubt dieser Seite keinen Service Worker. Dateien werden deshalb aus dem Arbeitsspeicher gespeichert: bis ${size}, und erst, wenn alles da ist. Ein Fenster, das nicht privat ist, oder die Erlaubnis für diese Website, Daten zu speichern, hilft.`,
    understood: "Verstanden",
  },
});
