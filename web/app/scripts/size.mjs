/**
 * Fails where what is loaded until the first list can be used, after a login with a password, is over its budget: the page
 * itself, its scripts and styles with those that they import, its icon, and the worker. Bytes, compressed with gzip. What is
 * imported when it is wanted, or once the list is there, does not count; `tests/browser/loading.test.ts` shows that nothing of
 * it comes before. Words of all languages are in it.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET = 80_000;
const dist = fileURLToPath(new URL("../dist", import.meta.url));

/** What the file leads to at once: scripts, styles and workers, but not what is imported when it is needed. */
function initial(name, found = new Map()) {
  if (found.has(name)) return found;
  const text = readFileSync(join(dist, name), "utf8");
  found.set(name, gzipSync(text, { level: 9 }).length);
  const [reference, folder] = name.endsWith(".html")
    ? [/(?:src|href)="\.\/([^"]+)"/g, ""]
    : [/(?:from|import)\s*"\.\/([^"]+)"/g, "assets/"];
  for (const [, file] of text.matchAll(reference)) initial(folder + file, found);
  return found;
}

const files = initial("index.html");
for (const file of readdirSync(join(dist, "assets")))
  if (/^worker-.*\.js$/.test(file)) initial(`assets/${file}`, files);
const total = [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
for (const [file, bytes] of files) process.stdout.write(`${file.padEnd(40)} ${String(bytes).padStart(6)}\n`);
process.stdout.write(`${"initial load".padEnd(40)} ${String(total).padStart(6)} of ${BUDGET}\n`);
process.exitCode = total > BUDGET ? 1 : 0;
