/** Files too large to be held in memory, written where the server finds them. */

import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { noise } from "../cases/assert.ts";

const MIB = 1024 * 1024;
const RATE = 44_100;

export interface LargeFile {
  readonly path: string;
  readonly sha256: string;
  /** Of sound, where it is a WAV. */
  readonly seconds: number;
}

/** Bytes that do not repeat in step with any chunk. */
export async function largeFile(
  folder: string,
  mib: number,
  kind: "plain" | "wav" = "plain",
): Promise<LargeFile> {
  const path = join(folder, `large.${kind}`);
  const hash = createHash("sha256");
  const piece = Buffer.from(noise(MIB));
  const file = await open(path, "w", 0o644);
  try {
    for (let at = 0; at < mib; at++) {
      if (at || kind === "plain") piece.writeUInt32LE(at);
      else wavHeader(mib * MIB).copy(piece);
      hash.update(piece);
      await file.write(piece);
    }
  } finally {
    await file.close();
  }
  return { path, sha256: hash.digest("hex"), seconds: (mib * MIB) / (RATE * 4) };
}

/** Two channels of 16 bits. */
function wavHeader(bytes: number): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(bytes - 8, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(2, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 4, 28);
  header.writeUInt16LE(4, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(bytes - 44, 40);
  return header;
}
