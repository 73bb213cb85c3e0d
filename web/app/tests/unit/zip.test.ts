/** Zip files, against `unzip` and Python, which read them in their own ways. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ZipEntry, zip } from "../../src/downloads/zip.ts";
import { testZip } from "../support/archives.ts";

const TIME = 1_600_000_001;

async function made(entries: Iterable<ZipEntry>, broken: (name: string) => void = () => {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  async function* given() {
    yield* entries;
  }
  for await (const chunk of zip(given(), ({ name }) => broken(name))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const file = (name: string, text: string, more: Partial<ZipEntry> = {}): ZipEntry => ({
  name,
  mtime: TIME,
  size: text.length,
  async *content() {
    yield new TextEncoder().encode(text);
  },
  ...more,
});

function withFile<T>(bytes: Buffer, look: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "sftpbridge-zip-"));
  try {
    const path = join(folder, "a.zip");
    writeFileSync(path, bytes);
    return look(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const PYTHON = `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
for i in z.infolist(): print(i.filename, i.file_size, oct(i.external_attr >> 16))
`;

const listed = (path: string) =>
  execFileSync("python3", ["-c", PYTHON, path], { encoding: "utf8", maxBuffer: 2 ** 26 })
    .trim()
    .split("\n");

test("what is broken in the middle is not in the zip, and all else is", async () => {
  const broken: string[] = [];
  const entries = [
    { name: "d", directory: true, mtime: TIME },
    file("d/a.txt", "abc"),
    file("d/unknown", "abcd", { size: undefined, executable: true }),
    file("d/broken", "", {
      async *content() {
        yield new Uint8Array(100);
        throw new Error("gone");
      },
    }),
    file("d/closed", "", {
      // biome-ignore lint/correctness/useYield: it fails before the first byte
      async *content() {
        throw new Error("no");
      },
    }),
    file("日本.txt", "x", { mtime: 0 }),
  ];
  const bytes = await made(entries, (name) => broken.push(name));
  expect(broken).toEqual(["d/broken", "d/closed"]);
  withFile(bytes, (path) => {
    testZip(path);
    expect(listed(path)).toEqual([
      "d/ 0 0o40755",
      "d/a.txt 3 0o100644",
      "d/unknown 4 0o100755",
      "日本.txt 1 0o100644",
    ]);
  });
});

test("more entries than the old format can count", async () => {
  function* many() {
    for (let number = 0; number < 70_000; number++) yield file(`${number}`, "x");
  }
  withFile(await made(many()), (path) => {
    testZip(path);
    expect(listed(path)).toHaveLength(70_000);
  });
});

test("nothing at all is a zip, too", async () => {
  withFile(await made([]), (path) => expect(listed(path)).toEqual([""]));
});
