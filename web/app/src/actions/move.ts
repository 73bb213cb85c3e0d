/** Moving at the server: by renaming, so that no bytes are moved, and it can be undone. */

import {
  type Attributes,
  type Entry,
  join,
  SftpError,
  type SftpPath,
  TransferError,
} from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import type { Workspace } from "../app/workspace.ts";
import { nameOf, parentOf } from "../files/place.ts";
import { ExplainedError } from "../text/explain.ts";
import { number } from "../text/format.ts";
import { say } from "../ui/notices.tsx";
import type { Load } from "./actions.ts";
import { type Failure, forEach } from "./batch.ts";
import { Clashes } from "./clashes.ts";
import { tellFailures } from "./failures.tsx";
import type { Job } from "./jobs.ts";
import { freeName, isSameThing, look } from "./look.ts";
import { isSamePath, isWithin } from "./paths.ts";
import { reveal } from "./reveal.ts";
import { words } from "./words.ts";

/** Renames side by side. */
const WIDTH = 16;

interface Moved {
  readonly entry: Entry;
  readonly from: SftpPath;
  readonly to: SftpPath;
  /** As it was when it had come there; nothing where it was gone at once. */
  readonly moved: Attributes | undefined;
}

export async function move(workspace: Workspace, { directory, entries }: Load, to: SftpPath): Promise<void> {
  if (isSamePath(directory, to)) return;
  const inside = entries.find((it) => it.type === "directory" && isWithin(to, join(directory, it)));
  if (inside) return say(words().intoItself(inside.name));
  await workspace.actions.jobs.run(words().moving(entries), async (job) => {
    const moving = new Moving(workspace.client, job);
    try {
      await moving.all(entries, directory, to);
    } finally {
      await show(workspace, moving.done);
    }
    if (moving.done.length) tell(workspace, moving, to);
    await tellFailures(words().notMovedTitle, moving.failures);
  });
}

/** Where the person is: what has come there, or what has gone. */
async function show(workspace: Workspace, moved: readonly Moved[]): Promise<void> {
  const [first] = moved;
  if (!first) return;
  await reveal(workspace, parentOf(first.from), { gone: moved.map(({ from }) => nameOf(from)) });
  await reveal(workspace, parentOf(first.to), { there: moved.map(({ to }) => nameOf(to)) });
}

function tell(workspace: Workspace, { done, isExact }: Moving, to: SftpPath): void {
  const entries = done.map(({ entry }) => entry);
  const run = () => void undo(workspace, done);
  say(words().moved(entries, nameOf(to).name), isExact ? { label: words().undo, run } : undefined);
}

/** Takes back renames, where nothing has taken the old names meanwhile, nor the new ones. */
export async function undo(workspace: Workspace, moved: readonly Moved[]): Promise<void> {
  const { client, actions } = workspace;
  await actions.jobs.run(words().undoing, async ({ signal }) => {
    const back: Moved[] = [];
    const one = async ({ entry, from, to, moved }: Moved) => {
      const [taken, now] = await Promise.all([look(client, from, signal), look(client, to, signal)]);
      if (taken) throw new TransferError("exists", from, "exists");
      if (now && moved && !isSameThing(moved, now))
        throw new ExplainedError("something else is there by now", () => words().replacedMeanwhile);
      await client.rename(to, from, { signal });
      back.push({ entry, from: to, to: from, moved });
    };
    const failures = await forEach(moved, { width: WIDTH, signal }, ({ to }) => to, one);
    await show(workspace, back);
    if (back.length) say(words().undone);
    await tellFailures(words().notUndone, failures);
  });
}

class Moving {
  /** What went as a whole, or was merged: not what was in it. */
  readonly done: Moved[] = [];
  readonly failures: Failure[] = [];
  /** Whether renaming back leads to what was there before. */
  isExact = true;
  readonly #client: RemoteClient;
  readonly #job: Job;
  readonly #clashes: Clashes;

  constructor(client: RemoteClient, job: Job) {
    this.#client = client;
    this.#job = job;
    this.#clashes = new Clashes(job);
  }

  async all(entries: readonly Entry[], directory: SftpPath, to: SftpPath): Promise<void> {
    const { detail, fraction } = this.#job;
    let count = 0;
    await this.#each(entries, directory, async (entry) => {
      const went = await this.#one(entry, directory, to, entries.length > 1);
      if (went) {
        const moved = await look(this.#client, went, this.#job.signal).catch(() => undefined);
        this.done.push({ entry, from: join(directory, entry), to: went, moved });
      }
      count++;
      detail.value = words().ofCount(number(count), number(entries.length));
      fraction.value = count / entries.length;
    });
  }

  async #each(entries: readonly Entry[], directory: SftpPath, task: (entry: Entry) => Promise<unknown>) {
    const how = { width: WIDTH, signal: this.#job.signal };
    this.failures.push(...(await forEach(entries, how, (it) => join(directory, it), task)));
  }

  /** Gives where it went; nothing where it, or something of it, stays. */
  async #one(
    entry: Entry,
    directory: SftpPath,
    to: SftpPath,
    isOneOfMany: boolean,
  ): Promise<SftpPath | undefined> {
    const { signal } = this.#job;
    const from = join(directory, entry);
    const wanted = join(to, entry);
    const target = await look(this.#client, wanted, signal);
    const decision = target && (await this.#decide(entry, to, target, isOneOfMany));
    if (decision === "skip") return undefined;
    if (decision === "merge") return this.#merge(from, wanted);
    const overwrite = decision === "overwrite";
    if (overwrite) this.isExact = false;
    const place = decision === "rename" ? join(to, await freeName(this.#client, to, entry, signal)) : wanted;
    await this.#rename(from, place, overwrite);
    return place;
  }

  #decide(entry: Entry, directory: SftpPath, target: Attributes, isOneOfMany: boolean) {
    // Within folders that are merged there may be more of the same.
    const many = isOneOfMany || entry.type === "directory";
    return this.#clashes.decide({
      named: entry,
      directory,
      source: entry.attributes,
      target,
      isOneOfMany: many,
    });
  }

  async #merge(from: SftpPath, to: SftpPath): Promise<SftpPath | undefined> {
    const { signal } = this.#job;
    this.isExact = false;
    const entries = await this.#client.readdir(from, { signal });
    await this.#each(entries, from, (entry) => this.#one(entry, from, to, true));
    if ((await this.#client.readdir(from, { signal })).length) return undefined;
    await this.#client.rmdir(from, { signal });
    return to;
  }

  async #rename(from: SftpPath, to: SftpPath, overwrite: boolean): Promise<void> {
    const { signal } = this.#job;
    try {
      await this.#client.rename(from, to, { overwrite, signal });
    } catch (error) {
      if (!(error instanceof SftpError && error.code === "EIO" && (await this.#isElsewhere(from, to))))
        throw error;
      // Between file systems there is no renaming.
      this.isExact = false;
      const conflict = overwrite ? "overwrite" : "error";
      await this.#client.copy(from, to, { recursive: true, preserve: true, conflict, signal });
      await this.#client.remove(from, { recursive: true, signal });
    }
  }

  async #isElsewhere(from: SftpPath, to: SftpPath): Promise<boolean> {
    const { signal } = this.#job;
    if (!(await this.#client.supports("statvfs@openssh.com", { signal }))) return false;
    const [one, other] = await Promise.all(
      [from, to].map((path) => this.#client.statvfs(parentOf(path), { signal })),
    );
    return one?.id !== other?.id;
  }
}
