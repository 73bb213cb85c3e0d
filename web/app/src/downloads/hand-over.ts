/** Files for the browser's own downloads: streamed to it by the service worker, or out of memory where there is none. */

import { type ConnectionState, Transfer, type TransferControl } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { ExplainedError } from "../text/explain.ts";
import { size as formatSize } from "../text/format.ts";
import { MOST_IN_MEMORY, serviceWorker } from "./service.ts";
import { watched } from "./watched.ts";
import { words } from "./words.ts";

/** What the browser is to save. */
export interface Handed {
  readonly name: string;
  /** Without it nobody but the stream knows where the end is. */
  readonly size: number | undefined;
  /** From `start`, which is 0 where the size is not known, up to `end`. */
  open(start: number, end?: number): ReadableStream<Uint8Array>;
}

/** Milliseconds for the browser to begin: it may ask the person first. And after the end, to take the last bytes. */
const BEGIN = 600_000;
const AFTER = 10_000;

const notTaken = () => new ExplainedError("the browser asked for nothing", () => words().notTaken);
const tooLarge = () =>
  new ExplainedError("too large for the memory", () => words().tooLarge(formatSize(MOST_IN_MEMORY)));

/** `stopped` is called when the person has stopped it in the browser. */
export function handOver(
  client: Pick<RemoteClient, "listen" | "state">,
  describe: (signal: AbortSignal) => Promise<Handed>,
  stopped: () => void,
): Transfer<void> {
  return new Transfer(async (control) => {
    const file = await describe(control.signal);
    control.report({ total: file.size });
    const told = client.listen(({ state }) => tell(state, control));
    try {
      await ((await serviceWorker()) ? streamed(file, control, stopped) : collected(file, control));
    } finally {
      told();
    }
  });
}

/** What has arrived stays: the stream goes on by itself when the connection is back. */
function tell(state: ConnectionState | undefined, { report }: TransferControl): void {
  if (state === "reconnecting") report({ state });
  else if (state === "ready") report({ state: "running" });
}

async function streamed(file: Handed, control: TransferControl, stopped: () => void): Promise<void> {
  const downloads = await serviceWorker();
  const { signal, report } = control;
  signal.throwIfAborted();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let finish = (_?: { readonly error: unknown }) => {};
  const whole = new Promise<void>((resolve, reject) => {
    finish = (failed) => (failed ? reject(failed.error) : resolve());
  });
  const offer = downloads?.offer({
    ...file,
    open(start, end) {
      clearTimeout(timer);
      const over = (how: "whole" | "stopped" | { readonly error: unknown }) => {
        if (how === "stopped") stopped();
        else finish(how === "whole" ? undefined : how);
      };
      const taken = (bytes: number) => report({ bytes: start + bytes });
      const size = end === undefined ? undefined : end - start;
      return watched(file.open(start, end), control, { taken, over }, size);
    },
  });
  if (!offer) return;
  const aborted = () => finish({ error: signal.reason });
  signal.addEventListener("abort", aborted);
  timer = setTimeout(() => finish({ error: notTaken() }), BEGIN);
  const frame = follow(offer.url);
  const leave = () => {
    offer.revoke();
    frame.remove();
  };
  try {
    await whole;
    // The last bytes are still on their way to the service worker.
    setTimeout(leave, AFTER);
  } catch (error) {
    leave();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", aborted);
  }
}

/** In a frame: as a link it would count as leaving the page. */
function follow(url: string): HTMLIFrameElement {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.src = url;
  document.body.append(frame);
  return frame;
}

/** Each chunk is a Blob soon: browsers keep them out of the heap. */
async function collected({ name, size = 0, open }: Handed, control: TransferControl): Promise<void> {
  if (size > MOST_IN_MEMORY) throw tooLarge();
  const parts: Blob[] = [];
  const taken = (bytes: number) => control.report({ bytes });
  const reader = watched(open(0), control, { taken, over() {} }).getReader();
  let bytes = 0;
  for (let next = await reader.read(); next.value; next = await reader.read()) {
    bytes += next.value.length;
    parts.push(new Blob([next.value as Uint8Array<ArrayBuffer>]));
    if (bytes <= MOST_IN_MEMORY) continue;
    await reader.cancel();
    throw tooLarge();
  }
  control.signal.throwIfAborted();
  saveBlob(new Blob(parts), name);
}

/** By a link to memory. */
function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), BEGIN);
}
