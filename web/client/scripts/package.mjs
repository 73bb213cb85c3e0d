/**
 * What `npm pack` would publish, looked at as its users will: publint on the layout, attw on the types, nothing in it that
 * does not belong, and each entry imported from where the archive was unpacked.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const run = (command, ...args) =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const folder = mkdtempSync(join(tmpdir(), "sftpbridge-pack-"));
try {
  const [packed] = Object.values(
    JSON.parse(run("npm", "pack", "--json", "--pack-destination", folder).replace(/^[^[{]*/, "")),
  );
  const archive = join(folder, packed.filename);
  const stray = packed.files
    .map(({ path }) => path)
    .filter(
      (path) =>
        !/^(dist|src|docs\/api)\/|^(package\.json|README\.md|CHANGELOG\.md|LICENSE-(APACHE|MIT))$/.test(path),
    );
  if (stray.length) throw new Error(`in the package, and should not be: ${stray.join(", ")}`);
  run("npx", "publint", archive, "--strict");
  run("npx", "attw", archive, "--profile", "esm-only");
  run("tar", "-xzf", archive, "-C", folder);
  const { exports } = JSON.parse(readFileSync(join(folder, "package/package.json"), "utf8"));
  for (const entry of Object.values(exports)) {
    if (typeof entry === "object") await import(join(folder, "package", entry.default));
  }
  process.stdout.write(
    `${packed.filename}: ${packed.files.length} files, ${packed.size} bytes, is well made\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
