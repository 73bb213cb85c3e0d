/** Whether a file of the server is what was sent, or what is here. */

import type { Abortable } from "../client/ask.ts";
import { checkFile } from "../client/extensions.ts";
import type { FileHandle } from "../client/file.ts";
import { aborted } from "../client/wait.ts";
import { SftpError } from "../errors.ts";
import type { SftpPath } from "../path.ts";
import { readAhead } from "./read-ahead.ts";
import { TransferError } from "./transfer.ts";

/**
 * How sure it has to be. `size`: the sizes are the same. `tail`: so are the last 64 KiB. `content`: so is every byte; all
 * is read back. `check-file`: SHA-256 of every block, by the server (draft-ietf-secsh-filexfer-extensions-00, section 3);
 * as `content` where the server cannot, or where there is no WebCrypto.
 */
export type Verification = "size" | "tail" | "content" | "check-file";

/** What the server has is not what it should be. */
export class VerifyError extends TransferError {
  override name = "VerifyError";
  /** The first byte that differs; with `check-file`, the first of its block. */
  declare readonly offset: number;

  constructor(path: SftpPath, offset: number) {
    super("incomplete", path, `is another from byte ${offset} on`);
    this.offset = offset;
  }
}

/** Bytes at the end that stand for the rest. */
export const TAIL = 65_536;

/** Rejects with a VerifyError where the file is not the same as `source`. */
export async function verifyUpload(
  file: FileHandle,
  source: Blob,
  how: Verification,
  { signal = new AbortController().signal }: Abortable = {},
): Promise<void> {
  const { size } = source;
  const { size: there = size } = await file.stat({ signal });
  if (there !== size) throw new VerifyError(file.path, Math.min(there, size));
  const content = () => compare(file, source, how === "tail" ? Math.max(0, size - TAIL) : 0, size, signal);
  // WebCrypto is for secure contexts only.
  if (how === "check-file" && globalThis.crypto?.subtle)
    await compareHashes(file, source, signal).catch((error) => {
      if (error instanceof SftpError) return content();
      throw error;
    });
  else if (how !== "size") await content();
}

const BLOCK = 2 ** 20;
/** Bytes that the server hashes at a time: it answers nothing else meanwhile. */
const SPAN = 32 * BLOCK;

async function compareHashes(file: FileHandle, source: Blob, signal: AbortSignal): Promise<void> {
  let theirs = new Uint8Array();
  for (let offset = 0; offset < source.size; offset += BLOCK) {
    if (offset % SPAN === 0) {
      const length = Math.min(SPAN, source.size - offset);
      const range = { algorithms: ["sha256"], offset, length, blockSize: BLOCK, signal };
      theirs = (await checkFile(undefined, file, range)).hashes as typeof theirs;
    }
    const block = await bytes(source, offset, BLOCK, signal);
    const ours = new Uint8Array(await crypto.subtle.digest("SHA-256", block));
    signal.throwIfAborted();
    if (differs(ours, theirs) >= 0) throw new VerifyError(file.path, offset);
    theirs = theirs.subarray(ours.length);
  }
}

/** Rejects with a VerifyError where the bytes from `start` to `end` are not the same. */
export async function compare(
  file: FileHandle,
  source: Blob,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<void> {
  let at = start;
  for await (const theirs of readAhead((ahead, stop) => ahead.fill(file, stop, start, end), signal)) {
    const index = differs(theirs, await bytes(source, at, theirs.length, signal));
    if (index >= 0) throw new VerifyError(file.path, at + index);
    at += theirs.length;
  }
  if (at < end) throw new VerifyError(file.path, at);
}

const bytes = async (source: Blob, at: number, length: number, signal: AbortSignal) =>
  new Uint8Array(await aborted(source.slice(at, at + length).arrayBuffer(), signal));

/** Where the bytes of `one` are not those of the other; -1 where they are. */
function differs(one: Uint8Array, other: Uint8Array): number {
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return at;
  return -1;
}
