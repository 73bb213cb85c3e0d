/** What is known of a transfer that was not finished, for the next page load. */

import type { Connection } from "../client/connection.ts";
import { aborted } from "../client/wait.ts";
import type { SftpPath } from "../path.ts";

/** How far an upload came. No secrets, and no content but a length. */
export interface Checkpoint {
  /** Bytes from the start that the server has acknowledged without a gap. */
  readonly acknowledged: number;
  /** The name that was written to. */
  readonly partialPath: string | Uint8Array;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Where checkpoints are kept. A store that fails, or hangs, costs the resumption, and never the transfer. */
export interface CheckpointStore {
  /** Nothing where there is none. */
  get(key: string): Promise<Checkpoint | undefined> | Checkpoint | undefined;
  /** In the place of the one before. Awaited. */
  set(key: string, checkpoint: Checkpoint): unknown;
  /** When the upload is done. Nothing happens where there is none. Awaited. */
  delete(key: string): unknown;
}

/** As long as the page lives. */
export class MemoryCheckpoints extends Map<string, Checkpoint> implements CheckpointStore {}

/** Milliseconds between two writes, and at most for a read. */
const INTERVAL = 1000;

/** One record of a store, written now and then. What the store makes of it is not waited for, but when it is read. */
export function recordIn(store: CheckpointStore | undefined, key: string | undefined) {
  let written = 0;
  const ask = async <T>(work: (store: CheckpointStore, key: string) => T) =>
    store && key ? work(store, key) : undefined;
  const quietly = (work: (store: CheckpointStore, key: string) => unknown) => void ask(work).catch(() => {});
  return {
    /** Nothing where the store has nothing that makes sense, or does not answer within a second. */
    async read(signal: AbortSignal): Promise<Checkpoint | undefined> {
      const either = AbortSignal.any([signal, AbortSignal.timeout(INTERVAL)]);
      const found = await aborted(
        ask((store, key) => store.get(key)),
        either,
      ).catch(() => {});
      return found && found.acknowledged >= 0 && found.partialPath ? found : undefined;
    },
    /** Once a second at most, or at once. */
    write(acknowledged: number, partialPath: SftpPath, now: boolean): void {
      const time = Date.now();
      if (!now && time - written < INTERVAL) return;
      written = time;
      quietly((store, key) => store.set(key, { acknowledged, partialPath, time }));
    },
    delete: () => quietly((store, key) => store.delete(key)),
  };
}

/** What makes an upload the same as one before the page was loaded again; nothing where a source has no identity. No secrets. */
export function identity(
  { url, ready }: Connection,
  { name, size, lastModified }: Partial<File>,
  path: SftpPath,
): string | undefined {
  if (lastModified === undefined) return;
  // Neither user and password nor the query.
  const server = url.replace(/\/\/[^/]*@|[?#].*/g, "");
  return JSON.stringify([server, ready?.upstream, ready?.user, String(path), name, size, lastModified]);
}
