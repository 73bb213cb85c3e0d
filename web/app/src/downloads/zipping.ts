/** What was chosen as one zip file, made while it is read. */

import type { Entry, SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { visible } from "../text/name.ts";
import { chunksOf, streamOf } from "./streamed.ts";
import { isEnd, type Leaf, type LeftOut, shownPath, tree } from "./tree.ts";
import { words } from "./words.ts";
import { type ZipEntry, zip } from "./zip.ts";

/** Files of up to so many bytes are fetched before their turn, so many of them: each costs several round trips. */
const SMALL = 262_144;
const AHEAD = 16;
/** Chunks are put together up to this size. */
const CHUNK = 262_144;
/** What is left out, by name; more are counted. */
const NAMED = 10_000;

export interface Zipping {
  readonly client: Pick<RemoteClient, "stat" | "walk" | "download" | "readable">;
  readonly folder: SftpPath;
  readonly chosen: readonly Entry[];
  /** Told at the end of what is not in it. */
  readonly leftOut: (all: readonly LeftOut[], count: number) => void;
}

export const zipStream = (zipping: Zipping): ReadableStream<Uint8Array> =>
  streamOf((signal) => joined(zipOf(zipping, signal)));

async function* zipOf({ client, folder, chosen, leftOut }: Zipping, signal: AbortSignal) {
  const left: LeftOut[] = [];
  let count = 0;
  const leaveOut = (it: LeftOut) => {
    count++;
    if (left.length < NAMED) left.push(it);
  };
  const taken = new Set<string>();
  const leaves = tree(client, folder, chosen, { signal, leaveOut, taken });
  const sources = ahead(leaves, (leaf) => new Source(client, leaf, signal));
  const list = () => listOf(left, count, taken);
  yield* zip(withList(sources, list), (entry, error) => {
    if (isEnd(error, signal) || !(entry instanceof Source)) throw error;
    leaveOut({ path: entry.leaf.path, error });
  });
  leftOut(left, count);
}

/** Behind all others, if there is anything to list. */
async function* withList(sources: AsyncIterable<Source>, list: () => ZipEntry | undefined) {
  yield* sources;
  const last = list();
  if (last) yield last;
}

/** A text that lists what is not in the zip, and why, in words of this page. */
function listOf(left: readonly LeftOut[], count: number, taken: Set<string>): ZipEntry | undefined {
  if (!count) return undefined;
  const say = words();
  const lines = left.map(({ path, error }) => `${visible(shownPath(path))}: ${say.why(error)}`);
  if (count > left.length) lines.push(say.andMore(count - left.length));
  const text = `${say.listHead}\r\n\r\n${lines.join("\r\n")}\r\n`;
  const bytes = new TextEncoder().encode(text);
  const now = Math.floor(Date.now() / 1000);
  return {
    name: free(say.listName, taken),
    mtime: now,
    size: bytes.length,
    async *content() {
      yield bytes;
    },
  };
}

function free(name: string, taken: Set<string>): string {
  for (let number = 1; ; number++) {
    const candidate = number > 1 ? name.replace(/\./, ` (${number}).`) : name;
    if (!taken.has(candidate.normalize().toLowerCase())) return candidate;
  }
}

/** A file or directory of the server, as an entry. */
class Source implements ZipEntry {
  readonly leaf: Leaf;
  readonly name: string;
  readonly directory: boolean;
  readonly mtime: number | undefined;
  readonly size: number | undefined;
  readonly executable: boolean;
  readonly #client: Zipping["client"];
  readonly #signal: AbortSignal;
  readonly #early: Promise<Blob | undefined> | undefined;

  constructor(client: Zipping["client"], leaf: Leaf, signal: AbortSignal) {
    this.leaf = leaf;
    this.#client = client;
    this.#signal = signal;
    const { size, mtime, mode = 0 } = leaf.attributes;
    this.name = leaf.place;
    this.directory = leaf.type === "directory";
    this.mtime = mtime;
    // Some have contents although they are said to be empty: those of /proc.
    this.size = size || undefined;
    this.executable = (mode & 0o111) > 0;
    if (!this.directory && size !== undefined && size <= SMALL) this.#early = this.#fetch();
    this.#early?.catch(() => {});
  }

  async *content(): AsyncGenerator<Uint8Array> {
    if (this.directory) return;
    const early = await this.#early;
    const stream: ReadableStream<Uint8Array> =
      early?.stream() ?? this.#client.readable(this.leaf.path, { signal: this.#signal });
    yield* chunksOf(stream);
  }

  /** Nothing where it is no longer small. */
  async #fetch(): Promise<Blob | undefined> {
    try {
      const options = { maximum: SMALL, signal: this.#signal };
      return (await this.#client.download(this.leaf.path, undefined, options)).blob;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }
}

/** Makes so many of them before they are wanted. */
async function* ahead<T, Made>(source: AsyncGenerator<T>, make: (it: T) => Made): AsyncGenerator<Made> {
  const waiting: Promise<{ readonly made: Made } | undefined>[] = [];
  const ask = () => {
    const next = source.next().then(({ value, done }) => (done ? undefined : { made: make(value) }));
    next.catch(() => {});
    waiting.push(next);
  };
  for (let count = 0; count < AHEAD; count++) ask();
  for (let next = await waiting.shift(); next; next = await waiting.shift()) {
    ask();
    yield next.made;
  }
}

/** Fewer and larger chunks. */
async function* joined(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let size = 0;
  const flush = () => {
    const all = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    [parts, size] = [[], 0];
    return all;
  };
  for await (const chunk of chunks) {
    if (size + chunk.length > CHUNK && size) yield flush();
    if (chunk.length >= CHUNK / 4 && !size) yield chunk;
    else {
      parts.push(chunk);
      size += chunk.length;
    }
  }
  if (size) yield flush();
}
