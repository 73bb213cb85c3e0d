import { duration } from "../text/format.ts";
import { dictionary } from "../text/language.ts";

export const words = dictionary({
  en: {
    connection: "Connection",
    lost: "The connection was lost. Trying again…",
    offline: "This device is offline. It goes on when the network is back.",
    tryNow: "Try now",
    suspended: "Paused, because nothing was done for a while. It goes on with what you do next.",
    goOn: "Go on",
    elsewhere: "This session goes on in another window.",
    here: "Log in here",
    over: "The connection is over.",
    again: "Log in again",
    needed: "You have to log in again to go on.",
    logIn: "Log in",
    drain: (seconds: number) =>
      `The service is being restarted; the connection ends in ${duration(seconds)} at most. It comes back by itself.`,
    idle: (seconds: number) =>
      `Nothing was done for a while. The connection is paused in ${duration(seconds)}, unless you do something.`,
    stay: "Stay connected",
    back: "Connected again.",
    needsHttps: "Browsers allow this only where the page was opened by https.",
    notAsked: "You could not be asked to log in again.",
    start: "Loading…",
    noStart: "The service cannot be reached.",
    noStartHint: "Check your network. If others have the same problem, tell your administrator.",
    retry: "Try again",
  },
  de: {
    connection: "Verbindung",
    lost: "Die Verbindung ist abgebrochen. Sie wird neu aufgebaut …",
    offline: "Dieses Gerät ist offline. Es geht weiter, sobald das Netz wieder da ist.",
    tryNow: "Jetzt versuchen",
    suspended: "Angehalten, weil eine Weile nichts geschehen ist. Es geht weiter, sobald Sie etwas tun.",
    goOn: "Weiter",
    elsewhere: "Diese Sitzung läuft in einem anderen Fenster weiter.",
    here: "Hier anmelden",
    over: "Die Verbindung ist zu Ende.",
    again: "Neu anmelden",
    needed: "Damit es weitergeht, müssen Sie sich erneut anmelden.",
    logIn: "Anmelden",
    drain: (seconds: number) =>
      `Der Dienst wird neu gestartet; die Verbindung endet in höchstens ${duration(seconds)}. Sie kommt von selbst wieder.`,
    idle: (seconds: number) =>
      `Eine Weile ist nichts geschehen. Die Verbindung wird in ${duration(seconds)} angehalten, wenn Sie nichts tun.`,
    stay: "Verbunden bleiben",
    back: "Wieder verbunden.",
    needsHttps: "Browser erlauben das nur, wenn die Seite mit https geöffnet wurde.",
    notAsked: "Die erneute Anmeldung ließ sich nicht öffnen.",
    start: "Wird geladen …",
    noStart: "Der Dienst ist nicht erreichbar.",
    noStartHint: "Prüfen Sie Ihr Netz. Haben andere dasselbe Problem, melden Sie es Ihrer Administration.",
    retry: "Erneut versuchen",
  },
});
