/** The entry for the service worker: answers requests for files that pages have on offer, by pulling the bytes from them. */

import { ALWAYS, headersOf, rangeOf } from "./headers.ts";
import { type Described, FOLDER } from "./protocol.ts";

/** What is used of a ServiceWorkerGlobalScope. */
export interface DownloadScope {
  readonly registration: { readonly scope: string };
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: {
      includeUncontrolled: boolean;
    }): Promise<
      readonly { readonly url: string; postMessage(message: unknown, transfer: Transferable[]): void }[]
    >;
  };
  // biome-ignore lint/suspicious/noExplicitAny: the events' types are in another library of TypeScript
  addEventListener(type: string, listener: (event: any) => void): void;
}

/** How long to wait. */
export interface DownloadOptions {
  /** Milliseconds for a page to say that it has the file; 10,000 without it. */
  readonly find?: number;
  /** Milliseconds between two pings; 10,000 without it. After the third that is not answered the response fails. */
  readonly ping?: number;
}

/** Call it at the top of the service worker's script. Pages use `Downloads`. */
export function serveDownloads(
  scope: DownloadScope = self as unknown as DownloadScope,
  { find = 10_000, ping = 10_000 }: DownloadOptions = {},
): void {
  const folder = new URL(FOLDER, scope.registration.scope).href;
  scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));
  // That something arrives keeps the service worker alive.
  scope.addEventListener("message", () => {});
  scope.addEventListener("fetch", (event) => {
    const { url, method, headers } = event.request;
    if (!url.startsWith(folder)) return;
    const answer = async () => {
      if (!/^(GET|HEAD)$/.test(method)) return respond(405);
      const id = url.slice(folder.length);
      const port = await whoHas(scope, id, find);
      return port ? fileResponse(port, headers, id, method === "GET" && ping) : respond(404);
    };
    event.respondWith(answer());
  });
}

const respond = (status: number, headers: HeadersInit = ALWAYS, body: ReadableStream | null = null) =>
  new Response(body, { status, headers });

/** A port to a page, and what the page says of the file. */
interface Found {
  readonly port: MessagePort;
  readonly file: Described;
}

function fileResponse({ port, file }: Found, asked: Headers, id: string, ping: number | false): Response {
  const { size } = file;
  const tag = `"${id}"`;
  const [start, end, status] = rangeOf(asked, tag, size);
  const headers = headersOf(file);
  if (size !== undefined)
    Object.assign(headers, { ETag: tag, "Accept-Ranges": "bytes", "Content-Length": Number(end) - start });
  if (status > 200)
    headers["Content-Range"] = `bytes ${status === 206 ? `${start}-${Number(end) - 1}` : "*"}/${size}`;
  if (ping && status < 416) return respond(status, headers, body(port, start, end, ping));
  port.postMessage(null);
  return respond(status, headers);
}

/** Asks all pages of this origin, also after a restart of the service worker. */
async function whoHas({ clients }: DownloadScope, id: string, deadline: number): Promise<Found | undefined> {
  const pages = await clients.matchAll({ includeUncontrolled: true });
  const answers = pages.map(
    (page) =>
      new Promise<Found>((resolve, reject) => {
        const { port1: port, port2 } = new MessageChannel();
        port.onmessage = ({ data: file }) => (file ? resolve({ port, file }) : reject());
        page.postMessage({ sftpbridge: id }, [port2]);
        setTimeout(reject, deadline);
      }),
  );
  return Promise.any(answers).catch(() => undefined);
}

/** Pulls a chunk when one is wanted. What is too short or too long fails, and is never saved as if it were whole. */
function body(port: MessagePort, start: number, end: number | undefined, ping: number): ReadableStream {
  let left = (end ?? Number.POSITIVE_INFINITY) - start;
  let silent = 0;
  let fail = (_: string) => {};
  let answered = (_: Uint8Array | null) => {};
  const stop = () => {
    clearInterval(timer);
    port.postMessage(null);
    port.close();
  };
  const timer = setInterval(() => (silent++ < 3 ? port.postMessage("ping") : fail("the page is gone")), ping);
  const next = () =>
    new Promise<Uint8Array | null>((resolve) => {
      answered = resolve;
      port.postMessage("pull");
    });
  port.onmessage = ({ data }: MessageEvent<Uint8Array | string | true | null>) => {
    silent = 0;
    if (typeof data === "string") fail(data);
    else if (data !== true) answered(data);
  };
  port.postMessage([start, end]);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      fail = (why) => {
        stop();
        controller.error(new TypeError(why));
      };
    },
    async pull(controller) {
      let chunk = left ? await next() : null;
      while (chunk?.length === 0) chunk = await next();
      left -= chunk?.length ?? 0;
      if (left < 0 || (left && !chunk && end !== undefined)) return fail("not as long as it was said to be");
      if (chunk) controller.enqueue(chunk);
      if (left && chunk) return;
      stop();
      controller.close();
    },
    cancel: stop,
  });
}
