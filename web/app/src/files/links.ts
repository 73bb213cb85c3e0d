/** Where symbolic links lead. Only links that are seen are looked at, a few at a time, and once. */

import { type Signal, signal } from "@preact/signals";
import { type Entry, type FileType, join, SftpError, type SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { patience } from "../session/patience.ts";
import { keyOf } from "./listing.ts";
import { typeOf } from "./mode.ts";

export interface LinkEnd {
  /** As the link has it: perhaps relative. */
  readonly target: SftpPath | undefined;
  /** Of what is there; `broken` where nothing is. */
  readonly type: FileType | "broken";
}

/** Links looked at together, and links that wait. */
const WIDTH = 4;
const MOST = 200;

export class Links {
  readonly #client: Pick<RemoteClient, "stat" | "readlink">;
  #directory: SftpPath = "/";
  #ends = new Map<string, Signal<LinkEnd | undefined>>();
  #waiting: Entry[] = [];
  #running = 0;
  #stop = new AbortController();

  constructor(client: Pick<RemoteClient, "stat" | "readlink">) {
    this.#client = client;
  }

  /** Forgets what it knows: the directory is another one, or was read again. */
  enter(directory: SftpPath): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#directory = directory;
    this.#ends = new Map();
    this.#waiting = [];
  }

  /** Nothing as long as it is not known. */
  endOf(entry: Entry): Signal<LinkEnd | undefined> {
    const key = keyOf(entry);
    const known = this.#ends.get(key) ?? signal(undefined);
    this.#ends.set(key, known);
    return known;
  }

  /** Looks where it leads, for `endOf`. What was asked for last comes first. */
  look(entry: Entry): void {
    if (this.endOf(entry).value) return;
    this.#waiting = [...this.#waiting.filter((it) => it !== entry).slice(1 - MOST), entry];
    while (this.#running < WIDTH && this.#waiting.length) void this.#next();
  }

  async #next(): Promise<void> {
    const entry = this.#waiting.pop();
    if (!entry) return;
    const known = this.endOf(entry);
    this.#running++;
    try {
      const end = await this.resolve(join(this.#directory, entry), this.#stop.signal);
      known.value ??= end;
    } catch {
      // It stays unknown; when it is opened the reason is told.
    }
    this.#running--;
    if (this.#waiting.length) void this.#next();
  }

  /** Rejects where it cannot be told, as without a connection. */
  async resolve(path: SftpPath, stop?: AbortSignal): Promise<LinkEnd> {
    const signal = stop ? AbortSignal.any([stop, patience()]) : patience();
    const [target, there] = await Promise.allSettled([
      this.#client.readlink(path, { signal }),
      this.#client.stat(path, { signal }),
    ]);
    const end = { target: target.status === "fulfilled" ? target.value : undefined };
    if (there.status === "fulfilled") return { ...end, type: typeOf(there.value) };
    if (there.reason instanceof SftpError && there.reason.code !== "ENOTCONN")
      return { ...end, type: "broken" };
    throw there.reason;
  }
}
