/** Small things that an upload needs: a name for what is not finished, what is at a path, and tidying up. */

import type { Abortable } from "../client/ask.ts";
import type { CoreClient } from "../client/core-client.ts";
import type { FileHandle } from "../client/file.ts";
import { aborted } from "../client/wait.ts";
import { type Attributes, fileType } from "../codec/attributes.ts";
import { SftpError } from "../errors.ts";
import { type SftpPath, sibling } from "../path.ts";

/** A hidden name in the same directory, of which nobody else knows. */
export const partial = (target: SftpPath): SftpPath =>
  sibling(target, `.${crypto.getRandomValues(new Uint32Array(2)).join("")}.part`);

/** For `catch`: the value in place of such an error; others are thrown. */
export const unless =
  <T = undefined>(expected: (error: SftpError) => boolean, value?: T) =>
  (error: SftpError): T => {
    if (!expected(error)) throw error;
    return value as T;
  };

/** Another try does not help. */
export const isRefused = (error: unknown): error is SftpError =>
  error instanceof SftpError && !error.retryable;

export const isMissing = (error: unknown): boolean => error instanceof SftpError && error.code === "ENOENT";

/** What is there, not what a link leads to; nothing where nothing is. */
export const look = (
  client: CoreClient,
  path: SftpPath,
  options: Abortable,
): Promise<Attributes | undefined> => client.lstat(path, options).catch(unless(isMissing));

/** Where the server does not say what it is, it is taken for a file. */
export const isFile = (attributes: Attributes): boolean =>
  attributes.mode === undefined || fileType(attributes) === "file";

/** The result, when the file is closed. It is closed in any case: the signal ends only the wait. */
export async function closing<T>(file: FileHandle, work: Promise<T>, signal: AbortSignal): Promise<T> {
  const close = work.then(
    () => file.close(),
    () => file.close().catch(() => {}),
  );
  // Waits for the close only where it may fail the work.
  const result = await work;
  await aborted(close, signal);
  return result;
}
