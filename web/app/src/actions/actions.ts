/** What the actions of one login share. */

import { computed, signal } from "@preact/signals";
import type { Entry, SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { keyOf } from "../files/listing.ts";
import { Features } from "./features.ts";
import { Jobs } from "./jobs.ts";
import { isSamePath } from "./paths.ts";

/** Entries of one directory that are to go somewhere. */
export interface Load {
  readonly directory: SftpPath;
  readonly entries: readonly Entry[];
}

/** What was cut or copied. It is the page's own: the system's clipboard takes no files from pages. */
export interface Clip extends Load {
  readonly how: "move" | "copy";
}

export class Actions {
  readonly features: Features;
  readonly jobs: Jobs;
  readonly clip = signal<Clip | undefined>(undefined);
  /** What is being dragged. */
  readonly dragged = signal<Load | undefined>(undefined);

  readonly #cut = computed(() => {
    const clip = this.clip.value;
    return clip?.how === "move" ? { ...clip, keys: new Set(clip.entries.map(keyOf)) } : undefined;
  });

  /** `lost`: see `Jobs`. */
  constructor(client: RemoteClient, lost: () => void) {
    this.features = new Features(client);
    this.jobs = new Jobs(lost);
  }

  /** Whether it waits to be moved from there. */
  isCut(directory: SftpPath, key: string): boolean {
    const cut = this.#cut.value;
    return !!cut?.keys.has(key) && isSamePath(cut.directory, directory);
  }
}
