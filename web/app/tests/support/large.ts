/** Large files to upload, made and read piece by piece. */

import { createHash, randomBytes } from "node:crypto";
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";

const PIECE = 8 << 20;

/** Random bytes; returns their hash. */
export function writeLarge(path: string, size: number): string {
  const hash = createHash("sha256");
  const file = openSync(path, "w");
  for (let left = size; left > 0; left -= PIECE) {
    const piece = randomBytes(Math.min(PIECE, left));
    hash.update(piece);
    writeSync(file, piece);
  }
  closeSync(file);
  return hash.digest("hex");
}

export async function readLarge(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}
