/** A zip whose sizes and offsets are beyond the old format, written to the disk. */

import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "vitest";
import { zip } from "../../src/downloads/zip.ts";
import { testZip } from "../support/archives.ts";

const MIB = 2 ** 20;

test("a file of more than 4 GiB, and one behind it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sftpbridge-zip-"));
  const chunk = new Uint8Array(MIB);
  async function* many(count: number) {
    for (let at = 0; at < count; at++) yield chunk;
  }
  async function* entries() {
    yield { name: "large", size: 4200 * MIB, mtime: 1, content: () => many(4200) };
    yield { name: "behind", size: MIB, mtime: 1, content: () => many(1) };
  }
  const fail = (_: unknown, error: unknown) => {
    throw error;
  };
  try {
    const path = join(folder, "large.zip");
    await pipeline(Readable.from(zip(entries(), fail)), createWriteStream(path));
    testZip(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
