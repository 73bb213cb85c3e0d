/** Sends what was changed, and nothing else. */

import { type Attributes, join, type SftpPath, type Step } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import type { Workspace } from "../../app/workspace.ts";
import { typeOf } from "../../files/mode.ts";
import { ExplainedError } from "../../text/explain.ts";
import { type Failure, forEach } from "../batch.ts";
import type { Job } from "../jobs.ts";
import { isSameThing, look } from "../look.ts";
import { isSamePath } from "../paths.ts";
import { attributesFor, changeInside, type Edits, NO_MODE } from "./changes.ts";
import type { Subject } from "./subject.ts";
import { words } from "./words.ts";

/** Requests side by side. */
const WIDTH = 16;
/** Things inside that are changed together, before more are looked for. */
const AT_ONCE = 100;

export interface Saving {
  readonly edits: Edits;
  /** Of a link, where it is to lead elsewhere. */
  readonly target: string | undefined;
  /** Permissions of everything inside, too. */
  readonly isRecursive: boolean;
}

/** Gives what was refused. */
export async function save(
  workspace: Workspace,
  job: Job,
  subjects: readonly Subject[],
  saving: Saving,
): Promise<readonly Failure[]> {
  const work = new Work(workspace.client, job, saving);
  await work.each(subjects, (subject) => work.one(subject));
  return work.failures;
}

class Work {
  readonly failures: Failure[] = [];
  readonly #client: RemoteClient;
  readonly #job: Job;
  readonly #saving: Saving;
  #count = 0;

  constructor(client: RemoteClient, job: Job, saving: Saving) {
    this.#client = client;
    this.#job = job;
    this.#saving = saving;
  }

  async each<Item extends { readonly path: SftpPath }>(
    items: readonly Item[],
    task: (item: Item) => Promise<unknown>,
  ): Promise<void> {
    const how = { width: WIDTH, signal: this.#job.signal };
    this.failures.push(...(await forEach(items, how, ({ path }) => path, task)));
  }

  async one(subject: Subject): Promise<void> {
    const { edits, target, isRecursive } = this.#saving;
    if (subject.type === "symlink") {
      if (target !== undefined) await this.#relink(subject, target);
      // It has no permissions of its own.
      return this.#set(subject.path, subject.attributes, { ...edits, mode: NO_MODE });
    }
    const isDeep = isRecursive && subject.type === "directory";
    // Who takes the right to enter away does so at the end, or would not get in.
    const isLast = isDeep && (edits.mode.clear & 0o500) !== 0;
    if (!isLast) await this.#set(subject.path, subject.attributes, edits);
    if (isDeep) await this.#inside(subject.path, isLast);
    if (isLast) await this.#set(subject.path, subject.attributes, edits);
  }

  async #inside(directory: SftpPath, isLast: boolean): Promise<void> {
    const { signal } = this.#job;
    const onError = (error: Error, { path }: { readonly path: SftpPath }) => {
      this.failures.push({ path, error });
    };
    const steps: Step[] = [];
    const flush = () => this.each(steps.splice(0), (step) => this.#setInside(step));
    const folders: Step[] = [];
    for await (const step of this.#client.walk(directory, { signal, strict: true, onError })) {
      if (isLast && step.entry.type === "directory") folders.push(step);
      else if (steps.push(step) >= AT_ONCE) await flush();
    }
    await flush();
    // From the inside out.
    const depths = new Set(folders.map((step) => step.depth).sort((a, b) => b - a));
    for (const depth of depths)
      await this.each(
        folders.filter((step) => step.depth === depth),
        (step) => this.#setInside(step),
      );
  }

  async #setInside({ path, entry: { type, attributes } }: Step): Promise<void> {
    // SETSTAT follows links.
    if (type === "symlink") return;
    const mode = changeInside(attributes.mode ?? 0, type === "directory", this.#saving.edits.mode);
    await this.#set(path, attributes, { mode });
  }

  async #set(path: SftpPath, now: Attributes, edits: Edits): Promise<void> {
    const changed = attributesFor(now, edits);
    if (!changed) return;
    const followLinks = typeOf(now) !== "symlink";
    await this.#client.setAttributes(path, changed, { signal: this.#job.signal, followLinks });
    this.#count++;
    this.#job.detail.value = words().changed(this.#count);
  }

  /**
   * Links cannot be changed: a new one takes the place of the old one, which stays if that fails. It is looked at as late as
   * possible, since what has taken its name meanwhile would be lost: nothing in the protocol replaces a link only if it is
   * still that one, so what comes there between that look and the replacement is replaced, unless it is a directory.
   */
  async #relink(subject: Subject, target: string): Promise<void> {
    const { path, directory } = subject;
    const fresh = join(directory, `.link-${Math.random().toString(36).slice(2)}`);
    await this.#client.symlink(target, fresh, { signal: this.#job.signal });
    try {
      await this.#expectUnchanged(subject);
      await this.#client.rename(fresh, path, { overwrite: true });
    } catch (error) {
      await this.#client.unlink(fresh).catch(() => {});
      throw error;
    }
  }

  /** In one round trip. */
  async #expectUnchanged({ path, attributes, target = "" }: Subject): Promise<void> {
    const { signal } = this.#job;
    const [now, leadsTo] = await Promise.all([
      look(this.#client, path, signal),
      // What is no link leads nowhere.
      this.#client.readlink(path, { signal }).catch(() => undefined),
    ]);
    const isSame = now && leadsTo && isSameThing(attributes, now) && isSamePath(leadsTo, target);
    if (!isSame) throw new ExplainedError("the link was replaced", () => words().replaced);
  }
}
