/** Whether a file of the server is what was sent, or what is here. */

import type { CoreClient } from "../client/core-client.ts";
import { checkFile } from "../client/extensions.ts";
import type { FileHandle } from "../client/file.ts";
import { aborted } from "../client/wait.ts";
import { SftpError } from "../errors.ts";
import type { SftpPath } from "../path.ts";
import { closing } from "./atomic.ts";
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

/** Rejects with a VerifyError where the file has another size, or is not the same as `source`, if there is one. */
export async function verifyUpload(
  client: CoreClient,
  path: SftpPath,
  due: number,
  source: Blob | false,
  how: Verification,
  signal: AbortSignal,
): Promise<void> {
  const { size = due } = await client.stat(path, { signal });
  if (size !== due) throw new VerifyError(path, Math.min(size, due));
  if (!source || how === "size") return;
  const file = await client.open(path, { signal });
  const content = () => compare(file, source, how === "tail" ? Math.max(0, size - TAIL) : 0, size, signal);
  const compared = async () => {
    // WebCrypto is for secure contexts only.
    if (how !== "check-file" || !globalThis.crypto?.subtle) return content();
    await compareHashes(file, source, signal).catch((error) => {
      if (error instanceof SftpError) return content();
      throw error;
    });
  };
  await closing(file, compared(), signal);
}

/** Bytes that are hashed at a time: the server answers nothing else meanwhile, and here they are in memory. */
const BLOCK = 2 ** 23;

async function compareHashes(file: FileHandle, source: Blob, signal: AbortSignal): Promise<void> {
  for (let offset = 0; offset < source.size; offset += BLOCK) {
    const length = Math.min(BLOCK, source.size - offset);
    const hash = async () => crypto.subtle.digest("SHA-256", await bytes(source, offset, length, signal));
    const [{ hashes }, ours] = await Promise.all([
      checkFile(undefined, file, { algorithms: ["sha256"], offset, length, signal }),
      hash(),
    ]);
    if (differs(new Uint8Array(ours), hashes) >= 0) throw new VerifyError(file.path, offset);
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
