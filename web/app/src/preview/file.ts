/** A file that is looked at: what it is, and its bytes. */

import { type Entry, type SftpPath, TransferError } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { typeOf } from "../files/mode.ts";
import { HEAD, type Kind, kindOf } from "./kind.ts";

/** Texts are shown up to here, and edited up to here. */
export const MOST_TEXT = 2 ** 20;

export interface Looked {
  readonly size: number;
  readonly mtime: number | undefined;
  readonly kind: Kind;
}

/** Follows links. Rejects where it is no file, or cannot be read. */
export async function look(
  client: Pick<RemoteClient, "stat" | "readable">,
  path: SftpPath,
  { name }: Pick<Entry, "name">,
  signal: AbortSignal,
): Promise<Looked> {
  const attributes = await client.stat(path, { signal });
  // Whoever opens a pipe waits for somebody to write into it.
  if (typeOf(attributes) !== "file") throw new TransferError("not-a-file", path, "is no file");
  const { size = 0, mtime } = attributes;
  const head = await bytesOf(client, path, HEAD, signal);
  return { size, mtime, kind: kindOf(name, head) };
}

/** The first so many bytes. */
export async function bytesOf(
  client: Pick<RemoteClient, "readable">,
  path: SftpPath,
  most: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = client.readable(path, { end: most, signal });
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

export const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);
