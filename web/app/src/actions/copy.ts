/** Copying at the server: by itself where it can, else through this browser. */

import {
  type Conflict,
  type ConflictDecision,
  type CopyProgress,
  type Entry,
  join,
  type NamedEntry,
  type SftpPath,
} from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { nameOf, parentOf } from "../files/place.ts";
import { size } from "../text/format.ts";
import { say } from "../ui/notices.tsx";
import type { Load } from "./actions.ts";
import { type Failure, forEach } from "./batch.ts";
import { Clashes } from "./clashes.ts";
import { tellFailures } from "./failures.tsx";
import type { Job } from "./jobs.ts";
import { freeName, look } from "./look.ts";
import { isSamePath, isWithin } from "./paths.ts";
import { reveal } from "./reveal.ts";
import { words } from "./words.ts";

/** Things side by side; the library has several requests of each under way. */
const WIDTH = 4;

/** Into the directory where they are, they are duplicated. */
export async function copy(workspace: Workspace, load: Load, to: SftpPath): Promise<void> {
  const { directory, entries } = load;
  const inside = entries.find((it) => it.type === "directory" && isWithin(to, join(directory, it)));
  if (inside) return say(words().intoItself(inside.name));
  await workspace.actions.jobs.run(words().copying(entries), async (job) => {
    const copying = new Copying(workspace, job, load, to);
    let failures: readonly Failure[] = [];
    try {
      failures = await copying.all();
    } finally {
      await reveal(workspace, to, { there: copying.done });
    }
    if (copying.done.length) say(words().copied(copying.done, nameOf(to).name));
    await tellFailures(words().notCopiedTitle, failures);
  });
}

class Copying {
  readonly done: NamedEntry[] = [];
  readonly #workspace: Workspace;
  readonly #job: Job;
  readonly #load: Load;
  readonly #to: SftpPath;
  readonly #clashes: Clashes;
  /** How far each is. */
  readonly #progress = new Map<Entry, CopyProgress>();

  constructor(workspace: Workspace, job: Job, load: Load, to: SftpPath) {
    this.#workspace = workspace;
    this.#job = job;
    this.#load = load;
    this.#to = to;
    this.#clashes = new Clashes(job);
    this.#report();
  }

  all(): Promise<readonly Failure[]> {
    const { directory, entries } = this.#load;
    const how = { width: WIDTH, signal: this.#job.signal };
    return forEach(
      entries,
      how,
      (it) => join(directory, it),
      (entry) => this.#one(entry),
    );
  }

  async #one(entry: Entry): Promise<void> {
    const { client } = this.#workspace;
    const { signal } = this.#job;
    const from = join(this.#load.directory, entry);
    const { named, isReplaced } = await this.#settle(entry);
    if (!named) return;
    const to = join(this.#to, named);
    const conflict = (met: Conflict): Promise<ConflictDecision> | ConflictDecision =>
      isSamePath(met.path, to) ? (isReplaced ? "overwrite" : "error") : this.#decideInside(met);
    const onProgress = (progress: CopyProgress) => {
      this.#progress.set(entry, progress);
      this.#report();
    };
    await client.copy(from, to, { recursive: true, preserve: true, conflict, onProgress, signal });
    this.done.push(named);
  }

  /** Under which name it goes there; under none where it is to stay. */
  async #settle(entry: Entry): Promise<{ named?: NamedEntry; isReplaced?: boolean }> {
    const { client } = this.#workspace;
    const { signal } = this.#job;
    const free = async () => ({ named: await freeName(client, this.#to, entry, signal) });
    if (isSamePath(this.#to, this.#load.directory)) return free();
    const target = await look(client, join(this.#to, entry), signal);
    if (!target) return { named: entry };
    const isOneOfMany = this.#load.entries.length > 1 || entry.type === "directory";
    const clash = { named: entry, directory: this.#to, source: entry.attributes, target, isOneOfMany };
    const decision = await this.#clashes.decide(clash);
    if (decision === "rename") return free();
    return decision === "skip" ? {} : { named: entry, isReplaced: decision === "overwrite" };
  }

  /** Of files in folders that are merged. */
  async #decideInside({ path, source, target }: Conflict): Promise<ConflictDecision> {
    const attributes = {
      ...(source.size !== undefined && { size: source.size }),
      ...(source.modified !== undefined && { mtime: source.modified / 1000 }),
    };
    const [named, directory] = [nameOf(path), parentOf(path)];
    const decision = await this.#clashes.decide({
      named,
      directory,
      source: attributes,
      target,
      isOneOfMany: true,
    });
    // What is in the way is no file, and the library has merged folders by itself.
    return decision === "merge" ? "error" : decision;
  }

  #report(): void {
    const say = words();
    const all = [...this.#progress.values()];
    const bytes = all.reduce((sum, it) => sum + it.bytes, 0);
    const files = all.reduce((sum, it) => sum + it.files, 0);
    const slow = this.#workspace.actions.features.lacks("copy-data") ? ` ${say.throughBrowser}` : "";
    this.#job.detail.value = `${say.copiedCount(files, size(bytes))}.${slow}`;
    const { entries } = this.#load;
    const total = entries.reduce((sum, it) => sum + (it.attributes.size ?? 0), 0);
    // What is in folders is not known before it is copied.
    if (total && !entries.some(({ type }) => type === "directory"))
      this.#job.fraction.value = Math.min(1, bytes / total);
  }
}
