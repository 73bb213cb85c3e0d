/** What went wrong, in words for people. */

import {
  AuthError,
  ConnectionError,
  ProtocolError,
  SftpError,
  TransferError,
  TreeError,
} from "sftpbridge-client";
import { dictionary, plural } from "./language.ts";
import { visible } from "./name.ts";
import { isNotLoaded } from "./not-loaded.ts";

const words = dictionary({
  en: {
    missing: "It is not there any more.",
    forbidden: "You may not do that here.",
    lacking: "The server cannot do that.",
    failed: "The server could not do it, and gives no reason.",
    server: (message: string) => `The server says: ${message}`,
    lost: "The connection was lost.",
    protocol: "The server sent something that makes no sense.",
    exists: "There is something of that name already.",
    notFile: "That is not a file.",
    source: "The file has changed meanwhile, or cannot be read any more.",
    incomplete: "What arrived is not the same as what was sent.",
    several: (count: number) => `${plural(count, "thing", "things")} failed.`,
    notLoaded: "This part of the page could not be loaded. Check your network, and try again.",
    stopped: "Stopped.",
    late: "The server did not answer in time.",
    other: (message: string) => `Something went wrong: ${message}`,
  },
  de: {
    missing: "Das gibt es nicht mehr.",
    forbidden: "Das dürfen Sie hier nicht.",
    lacking: "Das kann der Server nicht.",
    failed: "Der Server konnte es nicht und nennt keinen Grund.",
    server: (message: string) => `Der Server sagt: ${message}`,
    lost: "Die Verbindung ist abgebrochen.",
    protocol: "Der Server hat etwas Unverständliches geschickt.",
    exists: "Etwas mit diesem Namen gibt es schon.",
    notFile: "Das ist keine Datei.",
    source: "Die Datei wurde inzwischen geändert oder ist nicht mehr lesbar.",
    incomplete: "Angekommen ist etwas anderes, als geschickt wurde.",
    several: (count: number) => `${plural(count, "Sache", "Sachen")} fehlgeschlagen.`,
    notLoaded:
      "Dieser Teil der Seite ließ sich nicht laden. Prüfen Sie Ihr Netz, und versuchen Sie es erneut.",
    stopped: "Abgebrochen.",
    late: "Der Server hat nicht rechtzeitig geantwortet.",
    other: (message: string) => `Etwas ist schiefgegangen: ${message}`,
  },
});

/** An error of the page itself, with its own words for people. */
export class ExplainedError extends Error {
  override name = "ExplainedError";
  /** Called while rendering. */
  readonly explained: () => string;

  constructor(message: string, explained: () => string) {
    super(message);
    this.explained = explained;
  }
}

/** One or two sentences. Texts of the server are made visible. */
export function explain(error: unknown): string {
  const say = words();
  if (error instanceof ExplainedError) return error.explained();
  if (error instanceof SftpError) return explainStatus(error);
  if (error instanceof TransferError)
    return { exists: say.exists, "not-a-file": say.notFile, source: say.source, incomplete: say.incomplete }[
      error.code
    ];
  if (error instanceof TreeError) return say.several(error.failed);
  if (error instanceof AuthError) return visible(error.message);
  if (error instanceof ConnectionError) return error.reason ? visible(error.reason) : say.lost;
  if (error instanceof ProtocolError) return say.protocol;
  if (isNotLoaded(error)) return say.notLoaded;
  if (error instanceof DOMException && error.name === "AbortError") return say.stopped;
  if (error instanceof DOMException && error.name === "TimeoutError") return say.late;
  return say.other(visible(error instanceof Error ? error.message : String(error)));
}

function explainStatus({ code, serverMessage }: SftpError): string {
  const say = words();
  if (code === "ENOENT") return say.missing;
  if (code === "EACCES") return say.forbidden;
  if (code === "ENOTSUP") return say.lacking;
  if (code === "ENOTCONN" || code === "ECONNRESET") return say.lost;
  // OpenSSH says no more than the name of the status.
  return !serverMessage || /^failure$/i.test(serverMessage) ? say.failed : say.server(visible(serverMessage));
}
