/** Fails where docs/api is not what `npm run api` would write. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "sftpbridge-api-"));

const pages = (root) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();

try {
  execFileSync("npx", ["typedoc", "--out", folder, "--logLevel", "Warn"], { stdio: "inherit" });
  const [made, kept] = [pages(folder), pages("docs/api")];
  const stale = [...new Set([...made, ...kept])].filter(
    (page) =>
      !made.includes(page) ||
      !kept.includes(page) ||
      readFileSync(join(folder, page), "utf8") !== readFileSync(join("docs/api", page), "utf8"),
  );
  if (stale.length) throw new Error(`docs/api is out of date (${stale.join(", ")}); run: make web-api`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
