/** The page's half: files on offer under URLs that nobody can guess, answered by the service worker. */

import { type Described, FOLDER } from "./protocol.ts";

/** A file to offer. */
export interface Download extends Described {
  /** The bytes from `start` up to `end`, which is left out where the size is not known. Called for each request. */
  open(start: number, end?: number): ReadableStream<Uint8Array>;
}

/** A file that is on offer. */
export interface Offer {
  /** For a link, a frame or an element such as `video`. As good as the file to who has it. */
  readonly url: string;
  /** Ends what is running, too. */
  revoke(): void;
}

/** What is running for one file, each by what ends it. */
type Running = Set<() => void>;

/** Requests at once for one file: an element that plays media has a few. */
const MOST = 16;
/** Milliseconds without a word after which the service worker is taken for dead. It pings every 10 s. */
const SILENCE = 90_000;

/** The page's half: what is on offer, and the answers to the service worker. One for each page. */
export class Downloads {
  declare readonly offer: (file: Download) => Offer;
  /** Revokes everything. */
  declare readonly close: () => void;

  /** Waits until the service worker of this page is active. There has to be one, whose script calls `serveDownloads`. */
  static async open(container = navigator.serviceWorker): Promise<Downloads> {
    return new Downloads(await container.ready, container);
  }

  constructor(registration: ServiceWorkerRegistration, container = navigator.serviceWorker) {
    const offers = new Map<string, readonly [Download, Running]>();
    const asked = ({ data, ports: [port] }: MessageEvent) => {
      if (!port) return;
      const [file, running] = offers.get(data?.sftpbridge) ?? [];
      if (file && running && running.size < MOST) answer(port, file, running, registration);
      else port.postMessage(null);
    };
    const revoke = (id: string) => {
      const [, running = []] = offers.get(id) ?? [];
      offers.delete(id);
      for (const stop of running) stop();
    };
    this.offer = (file) => {
      const id = crypto.randomUUID();
      offers.set(id, [file, new Set()]);
      return { url: new URL(FOLDER + id, registration.scope).href, revoke: () => revoke(id) };
    };
    this.close = () => {
      container.removeEventListener("message", asked);
      for (const id of offers.keys()) revoke(id);
    };
    container.addEventListener("message", asked);
    container.startMessages();
  }
}

function answer(
  port: MessagePort,
  file: Download,
  running: Running,
  { active }: ServiceWorkerRegistration,
): void {
  const { name, size, type, inline } = file;
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let timer: ReturnType<typeof setTimeout>;
  const stop = (why: unknown = "the page has ended it") => {
    if (!running.delete(stop)) return;
    clearTimeout(timer);
    port.postMessage(String(why));
    port.close();
    reader?.cancel().catch(() => {});
  };
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(stop, SILENCE);
  };
  port.onmessage = async ({ data }) => {
    heard();
    try {
      if (!data) stop();
      else if (data === "ping") {
        port.postMessage(true);
        active?.postMessage(data);
      } else if (data === "pull") {
        // A copy: the chunk may be a view of something larger.
        const chunk = (await reader?.read())?.value?.slice();
        port.postMessage(chunk ?? null, chunk ? [chunk.buffer] : []);
      } else reader = file.open(data[0], data[1]).getReader();
    } catch (error) {
      stop(error);
    }
  };
  running.add(stop);
  heard();
  port.postMessage({ name, size, type, inline });
}
