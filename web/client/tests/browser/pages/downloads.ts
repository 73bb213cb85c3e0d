/** Runs in the page: files on offer by the service worker. */

import { connect } from "../../../src/index.ts";
import { Downloads, type Offer } from "../../../src/service-worker/downloads.ts";
import { connectInWorker } from "../../../src/worker/index.ts";
import type { Env } from "../../cases/case.ts";
import { scriptUrl } from "./trusted.ts";

let downloads: Promise<Downloads> | undefined;
const offers: Offer[] = [];
/** What was pulled from the server, by all downloads. */
let pulled = 0;

async function open(): Promise<Downloads> {
  await navigator.serviceWorker.register(scriptUrl("/service.worker.js"));
  const opened = await Downloads.open();
  while (!navigator.serviceWorker.controller)
    await new Promise((resolve) =>
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }),
    );
  return opened;
}

const ready = () => {
  downloads ??= open();
  return downloads;
};

interface Described {
  name: string;
  type?: string;
  inline?: boolean;
  /** Whether the session is in a worker. */
  remote?: boolean;
}

export const downloadCalls = {
  /** A file of the server; gives its URL. */
  async offerFile({ url, user, password }: Env, path: string, described: Described): Promise<string> {
    const options = { auth: { method: "password", user, password } } as const;
    const makeWorker = () => new Worker(scriptUrl(`/session.worker.js${location.search}`));
    const client = await (described.remote
      ? connectInWorker(makeWorker, url, options)
      : connect(url, options));
    const { size = 0 } = await client.stat(path);
    const offer = (await ready()).offer({
      ...described,
      size,
      open(start, end) {
        const count = new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            pulled += chunk.length;
            controller.enqueue(chunk);
          },
        });
        return client.readable(path, { start, end }).pipeThrough(count);
      },
    });
    offers.push(offer);
    return offer.url;
  },

  /** A few bytes; gives the URL. */
  async offerText(text: string, described: Described): Promise<string> {
    const blob = new Blob([text]);
    const offer = (await ready()).offer({
      ...described,
      size: blob.size,
      open: (start, end) => blob.slice(start, end).stream(),
    });
    offers.push(offer);
    return offer.url;
  },

  pulled: () => pulled,

  revokeAll() {
    for (const offer of offers.splice(0)) offer.revoke();
  },

  async fetchText(url: string, headers: Record<string, string> = {}, method = "GET") {
    const response = await fetch(url, { headers, method });
    const text = await response.text();
    return { status: response.status, text, headers: Object.fromEntries(response.headers) };
  },

  /** Follows a link, as a click does. */
  follow(url: string) {
    const link = document.createElement("a");
    link.href = url;
    document.body.append(link);
    link.click();
    link.remove();
  },

  /** What a frame shows: its text, or nothing where it shows nothing of ours. */
  async frame(url: string): Promise<void> {
    const frame = document.createElement("iframe");
    frame.src = url;
    document.body.append(frame);
    await new Promise((resolve) => {
      frame.addEventListener("load", resolve, { once: true });
      setTimeout(resolve, 1000);
    });
  },

  /** The length in seconds that an element finds, after it was moved to a time. */
  async playAt(url: string, seconds: number): Promise<{ duration: number; error: string | undefined }> {
    const audio = new Audio();
    audio.preload = "metadata";
    const event = (...names: string[]) =>
      new Promise((resolve) => {
        for (const name of names) audio.addEventListener(name, resolve, { once: true });
      });
    const loaded = event("loadedmetadata", "error");
    audio.src = url;
    await loaded;
    const sought = event("seeked", "error");
    audio.currentTime = seconds;
    await sought;
    const result = { duration: audio.duration, error: audio.error?.message };
    audio.removeAttribute("src");
    audio.load();
    return result;
  },

  title: () => document.title,
};
