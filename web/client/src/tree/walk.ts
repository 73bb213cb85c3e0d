/** Everything below a directory. Links are given, and never followed, so that there are no cycles. */

import type { Abortable } from "../client/ask.ts";
import type { CoreClient } from "../client/core-client.ts";
import { fileType } from "../codec/attributes.ts";
import type { Entry } from "../codec/response.ts";
import { SftpError } from "../errors.ts";
import { join, type SftpPath } from "../path.ts";
import { isRefused, unless } from "../transfer/atomic.ts";
import { list } from "./list.ts";
import { failure, isName } from "./names.ts";
import { type Pool, quiet } from "./pool.ts";

/** What is in a tree. */
export interface Step {
  readonly path: SftpPath;
  readonly entry: Entry;
  /** 1 for what is in the directory itself that is walked. */
  readonly depth: number;
  /** The directory that it is in. */
  readonly parent: Step | undefined;
}

/** How to walk a tree. */
export interface WalkOptions extends Abortable {
  /** Levels; 2,048 without it: no path of 4,096 bytes has more. */
  readonly depth?: number;
  /**
   * Is told of directories that cannot be read and of names that are none, such as `..` or `a/b`; the rest goes on. Without
   * it they are the end.
   */
  readonly onError?: (error: Error, directory: Step) => void;
  /** The directory itself may not be a link to one either. */
  readonly strict?: boolean;
}

/** Directories that are read side by side. */
const WIDTH = 16;
/** Directories of one tree: a server may make them up without end. */
const MAXIMUM = 1_000_000;

/**
 * Walks the tree: a directory comes before what is in it, and that together. Memory: the names of the directories that wait,
 * those of one branch at a time. A directory that was replaced by a link since it was listed is not entered: it is looked at right
 * before OPENDIR, which would follow it. Between the two is no round trip, yet SFTP version 3 cannot do both in one.
 *
 * What a path led to when it was listed may be something else when it is opened: a link to another's file, or a FIFO.
 */
export async function* walk(
  client: CoreClient,
  path: SftpPath,
  options: WalkOptions = {},
): AsyncGenerator<Step, void, undefined> {
  const { signal, depth = 2048, strict, onError } = options;
  const entry: Entry = { name: "", longname: "", attributes: {}, type: "directory" };
  const waiting: Step[] = [{ path, entry, depth: 0, parent: undefined }];
  let directories = 0;

  const report = (error: unknown, directory: Step) => {
    if (!onError || !(error instanceof SftpError || error instanceof RangeError)) throw error;
    onError(error, directory);
  };
  /** Reads one; its first page is under way. */
  const read = (directory: Step) => {
    const pages = list(client, directory.path, { signal, strict: strict || !!directory.parent });
    return { directory, pages, first: quiet(pages.next()) };
  };
  /** The first is read by the consumer, the others ahead of it. */
  const reading: ReturnType<typeof read>[] = [];
  const readAhead = () => {
    while (reading.length < WIDTH && waiting.length) reading.push(read(waiting.pop() as Step));
    return reading[0];
  };
  const stepOf = async (listed: Entry, parent: Step): Promise<Step> => {
    const path = join(parent.path, listed);
    let entry = listed;
    // Some servers leave the attributes out of listings.
    if (listed.attributes.mode === undefined) {
      const attributes = (await client.lstat(path, { signal }).catch(unless(isRefused))) ?? {};
      entry = { ...listed, attributes, type: fileType(attributes) };
    }
    return { path, entry, depth: parent.depth + 1, parent };
  };
  /** What is told now; directories begin to wait. */
  const stepsOf = async (page: Entry[], parent: Step) => {
    const named = page.filter(
      ({ name }) =>
        isName(name) || report(failure("readdir", parent.path, `${JSON.stringify(name)} is no name`), parent),
    );
    const steps = await Promise.all(named.map((it) => stepOf(it, parent)));
    for (const step of steps)
      if (step.entry.type === "directory" && step.depth < depth) {
        if (++directories > MAXIMUM) throw failure("walk", step.path, "too many directories");
        waiting.push(step);
      }
    return steps;
  };

  try {
    for (let next = readAhead(); next; next = readAhead()) {
      const { directory, pages, first } = next;
      try {
        for (let page = await first; !page.done; page = await pages.next()) {
          yield* await stepsOf(page.value, directory);
          readAhead();
        }
      } catch (error) {
        report(error, directory);
      }
      reading.shift();
      quiet(pages.return());
    }
  } finally {
    for (const { pages } of reading) quiet(pages.return());
  }
}

/**
 * Does something with all that is in a directory, side by side. What it gives for a directory is handed to what is in that one;
 * where it fails, so does what is in it.
 */
export async function eachBelow<Place>(
  client: CoreClient,
  path: SftpPath,
  top: Place,
  { add, fail }: Pool,
  options: WalkOptions,
  task: (step: Step, above: Place) => Promise<Place>,
): Promise<void> {
  const places = new WeakMap<Step, Promise<Place>>();
  const onError = (error: Error, { path }: Step) => fail(path, error);
  for await (const step of walk(client, path, { ...options, onError })) {
    const { parent } = step;
    await add(step.path, () => {
      const above = (parent && places.get(parent)) ?? Promise.resolve(top);
      const place = above.then((it) => task(step, it));
      places.set(step, place);
      return place;
    });
  }
}
