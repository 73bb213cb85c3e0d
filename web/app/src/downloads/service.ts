/** The service worker: by it the browser itself saves, shows and plays files of the server. */

import type { Downloads } from "sftpbridge-client/downloads";
import { BASE } from "../session/info.ts";
import { scriptUrl } from "../session/trusted.ts";
import { lacking } from "./lacking.ts";

/** Bytes that are held in memory at most where there is none. */
export const MOST_IN_MEMORY = 2 ** 29;
/** Milliseconds for it to be installed, and to take over the page. */
const READY = 15_000;
const CONTROL = 3_000;

let opening: Promise<Downloads | undefined> | undefined;

/** Nothing where there is none: see `lacking`. */
export function serviceWorker(): Promise<Downloads | undefined> {
  opening ??= open();
  return opening;
}

async function open(): Promise<Downloads | undefined> {
  if (!isSecureContext) {
    lacking.value = "insecure";
    return undefined;
  }
  try {
    await navigator.serviceWorker.register(scriptUrl(new URL("sw.js", BASE).href));
    const { Downloads } = await import("sftpbridge-client/downloads");
    const opened = await Promise.race([Downloads.open(), later(READY)]);
    if (!opened) throw new Error(`it is not there after ${READY} ms`);
    lacking.value = undefined;
    return opened;
  } catch {
    lacking.value = "refused";
    // It may be a matter of the network.
    opening = undefined;
    return undefined;
  }
}

/**
 * Whether elements of the page, such as `video`, are answered by it, too. After a reload that goes past all caches they are not,
 * until the page is loaded once more.
 */
export async function controlsPage(): Promise<boolean> {
  if (!(await serviceWorker())) return false;
  const { serviceWorker: container } = navigator;
  if (container.controller) return true;
  const taken = new Promise<void>((resolve) => {
    container.addEventListener("controllerchange", () => resolve(), { once: true });
  });
  await Promise.race([taken, later(CONTROL)]);
  return container.controller !== null;
}

const later = (milliseconds: number) =>
  new Promise<undefined>((resolve) => {
    setTimeout(resolve, milliseconds, undefined);
  });
