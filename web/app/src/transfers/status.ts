/** A row in words. Call these while rendering. */

import { explain } from "../text/explain.ts";
import { duration, number, size, speed } from "../text/format.ts";
import { visible } from "../text/name.ts";
import type { Row } from "./row.ts";
import { NameError } from "./upload-errors.ts";
import { words } from "./words.ts";

/** Made visible: it is to be shown in a `bdi`. */
export const nameOf = ({ info: { name } }: Row): string => (name ? visible(name) : words().looseFiles);

/** Why something failed, as people would say it. */
export function reasonOf(error: unknown): string {
  if (error instanceof NameError) return words().badName;
  return explain(error);
}

/** What it does, how far it is, and how long it will take. */
export function statusOf(row: Row): string {
  const { state } = row;
  const say = words();
  const parts: (string | false | undefined)[] = [];
  if (state === "failed") parts.push(failureOf(row));
  else if (state !== "running") parts.push(say.states[state]);
  if (row.info.many) parts.push(filesOf(row));
  parts.push(bytesOf(row));
  if (state === "running" && !row.counted.complete) parts.push(say.counting);
  if (state === "running") parts.push(...paceOf(row));
  if (row.skipped) parts.push(say.leftAlone(row.skipped));
  if (state !== "failed" && row.failures.length) parts.push(say.filesFailed(row.failures.length));
  return parts.filter(Boolean).join(" · ");
}

/** Speed and time left, as far as they are known. */
export function paceOf(it: {
  readonly speed?: number;
  meter?: { readonly speed: number };
  remaining: number | undefined;
}): string[] {
  const pace = it.speed ?? it.meter?.speed ?? 0;
  if (!pace) return [];
  return [...(it.remaining === undefined ? [] : [words().left(duration(it.remaining))]), speed(pace)];
}

function failureOf({ info, failures }: Row): string {
  const [first] = failures;
  return info.many || !first ? words().filesFailed(failures.length) : reasonOf(first.error);
}

function filesOf(row: Row): string {
  const done = row.done + row.skipped;
  return done === row.files ? words().files(done) : words().ofFiles(number(done), number(row.files));
}

function bytesOf({ bytes, total, state }: Row): string {
  if (total === undefined || (state === "done" && bytes >= total)) return size(bytes);
  return words().ofBytes(size(bytes), size(total));
}
