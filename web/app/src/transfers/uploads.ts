/** Uploads as tasks of rows. */

import {
  type CheckpointStore,
  type Conflict,
  ConnectionError,
  join,
  type SftpPath,
  type SourceEntry,
  Transfer,
  type TransferControl,
  TransferError,
  type UploadResult,
} from "sftpbridge-client";
import type { RemoteClient, RemoteTransfer } from "sftpbridge-client/worker";
import { withCheckpoints } from "./checkpoints.ts";
import { decidedFor } from "./conflicts.ts";
import type { Batch } from "./row.ts";
import type { Decision, Outcome, Task } from "./task.ts";
import { explained, NameError } from "./upload-errors.ts";

/** Directories that are known to be there. */
const REMEMBERED = 1000;
const ATTEMPTS = 5;

export interface UploadTarget {
  readonly client: RemoteClient;
  /** Who is logged in where. */
  readonly account: string;
  /** Where the first name of each entry goes. */
  readonly folder: SftpPath;
  readonly batch: Batch;
  /** Files that are there with the same size and time are done: this upload was begun before. */
  readonly again: boolean;
}

const isName = (name: string) => !/^\.{0,2}$|[/\0]/.test(name);

/** One task for each entry. Files are looked at here, since the queue wants to know which are small. */
export async function* uploadTasks(
  entries: AsyncIterable<SourceEntry>,
  target: UploadTarget,
): AsyncGenerator<Task> {
  const directories = new Directories(target);
  for await (const { path, file } of entries) {
    const place = path.join("/");
    if (!path.every(isName)) yield failing(place, new NameError(path.find((name) => !isName(name))));
    else if (!file) yield directories.task(place);
    else
      try {
        const blob = typeof file === "function" ? await file() : file;
        yield new FileTask(place, blob, target, directories);
      } catch (error) {
        yield failing(place, new TransferError("source", place, "cannot be read", { cause: error }));
      }
  }
}

function failing(name: string, error: Error): Task {
  return { name, size: 0, start: () => new Transfer(() => Promise.reject(error)) };
}

/** Those that files go to, each made once; a server that has forgotten them is asked again. */
class Directories {
  readonly #target: UploadTarget;
  readonly #made = new Map<string, Promise<void>>();

  constructor(target: UploadTarget) {
    this.#target = target;
  }

  /** With those above it. */
  make(place: string): Promise<void> {
    if (!place) return Promise.resolve();
    const known = this.#made.get(place);
    if (known) return known;
    const made = this.#ask(place);
    made.catch(() => this.#made.delete(place));
    this.#made.set(place, made);
    const [oldest = place] = this.#made.keys();
    if (this.#made.size > REMEMBERED) this.#made.delete(oldest);
    return made;
  }

  task(place: string): Task {
    return { name: place, size: 0, directory: true, start: () => new Transfer(() => this.make(place)) };
  }

  /** It makes no difference when it is done twice: a lost connection is no reason to fail. */
  async #ask(place: string): Promise<void> {
    const { client, folder } = this.#target;
    for (let attempt = 1; ; attempt++)
      try {
        return await client.mkdir(join(folder, place), { recursive: true });
      } catch (error) {
        if (!(error instanceof ConnectionError && error.retryable) || attempt === ATTEMPTS) throw error;
      }
  }
}

/** Bytes of all files that are being uploaded now. */
let underWay = 0;

class FileTask implements Task {
  readonly name: string;
  readonly size: number;
  outcome: Outcome | undefined;
  readonly #blob: Blob;
  readonly #target: UploadTarget;
  readonly #directories: Directories;
  #decision: Decision | undefined;

  constructor(place: string, blob: Blob, target: UploadTarget, directories: Directories) {
    this.name = place;
    this.size = blob.size;
    this.#blob = blob;
    this.#target = target;
    this.#directories = directories;
  }

  solve(decision: Decision): void {
    this.#decision = decision;
  }

  start(): Transfer<void> {
    this.outcome = undefined;
    return new Transfer(async (control) => {
      control.report({ total: this.size });
      await this.#directories.make(this.name.slice(0, Math.max(0, this.name.lastIndexOf("/"))));
      const { account, folder } = this.#target;
      const path = join(folder, this.name);
      const upload = (checkpoint?: CheckpointStore) => this.#upload(path, control, checkpoint);
      const { skipped } = await withCheckpoints(JSON.stringify([account, String(path)]), this.size, upload);
      if (skipped) this.outcome ??= "skipped";
    });
  }

  async #upload(
    path: SftpPath,
    control: TransferControl,
    checkpoint: CheckpointStore | undefined,
  ): Promise<UploadResult> {
    const { client, folder } = this.#target;
    const upload = client.upload(this.#blob, path, {
      conflict: (conflict) => this.#resolve(conflict),
      preserveMtime: true,
      signal: control.signal,
      ...(checkpoint && { checkpoint }),
    });
    underWay += this.size;
    try {
      return await follow(upload, control);
    } catch (error) {
      throw await explained(error, client, folder, underWay - upload.progress.bytes);
    } finally {
      underWay -= this.size;
    }
  }

  /** Whoever has to be asked holds no place in the queue: what is there stays until the answer, and this begins again. */
  #resolve(conflict: Conflict): Decision {
    const decision = this.#decision ?? decidedFor(conflict, this.#target.batch);
    if (decision) return decision;
    if (!this.#target.again || !isSame(conflict)) this.outcome = conflict;
    return "skip";
  }
}

const isSame = ({ source, target }: Conflict) =>
  source.size === target.size &&
  source.modified !== undefined &&
  Math.floor(source.modified / 1000) === target.mtime;

/** One transfer as part of another: its progress, and pauses of the other. How the other ends, it finds out by itself. */
async function follow(inner: RemoteTransfer<UploadResult>, control: TransferControl): Promise<UploadResult> {
  for await (const progress of inner) {
    const isOver = /done|failed|cancelled/.test(progress.state);
    control.report(isOver ? { ...progress, state: "running" } : progress);
    if (!control.paused) continue;
    inner.pause();
    await control.running();
    inner.resume();
  }
  return inner;
}
