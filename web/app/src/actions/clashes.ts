/** Names that are taken where something is to be put: asked about one after the other, or once for all. */

import type { Attributes, NamedEntry, SftpPath } from "sftpbridge-client";
import { askConflict } from "../files/conflict.ts";
import { typeOf } from "../files/mode.ts";
import type { Job } from "./jobs.ts";

/** `merge` is for two folders, `overwrite` for anything but folders. */
export type Decision = "overwrite" | "merge" | "rename" | "skip";

export interface Clash {
  readonly named: NamedEntry;
  /** Where it is to be put. */
  readonly directory: SftpPath;
  readonly source: Attributes;
  readonly target: Attributes;
  /** Whether the same may come again. */
  readonly isOneOfMany?: boolean;
}

/** A folder is never replaced: all that is in it would be lost. */
export function choices({ source, target }: Pick<Clash, "source" | "target">): readonly Decision[] {
  const folders = [source, target].filter((it) => typeOf(it) === "directory").length;
  if (folders === 0) return ["overwrite", "rename", "skip"];
  return folders === 2 ? ["merge", "rename", "skip"] : ["rename", "skip"];
}

/** Those of one job. */
export class Clashes {
  readonly #job: Job;
  /** What was chosen for all, by what could be chosen. */
  readonly #forAll = new Map<string, Decision>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(job: Job) {
    this.#job = job;
  }

  /** Rejects where the job is stopped. */
  decide(clash: Clash): Promise<Decision> {
    const next = this.#last.then(() => this.#decide(clash));
    this.#last = next.catch(() => {});
    return next;
  }

  async #decide({ named, directory, source, target, isOneOfMany = false }: Clash): Promise<Decision> {
    const { signal } = this.#job;
    const decisions = choices({ source, target });
    const kind = decisions.join();
    const known = this.#forAll.get(kind);
    if (known) return known;
    const question = {
      name: named.name,
      folder: directory,
      from: "server",
      source: { ...source, type: typeOf(source) },
      target: { ...target, type: typeOf(target) },
      decisions,
      many: isOneOfMany,
      stop: () => this.#job.stop(),
    } as const;
    const { decision, all } = await askConflict(question, signal);
    signal.throwIfAborted();
    if (all) this.#forAll.set(kind, decision);
    return decision;
  }
}
