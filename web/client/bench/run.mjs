/**
 * `node bench/run.mjs [--points=10,400] [--repeat=3] [--seconds=8] [--json=FILE]`: bundles the benchmark, since Node 20 reads no
 * TypeScript, and runs it. Needs a bridge (SFTPBRIDGE_BINARY, better a release build), and root for sshd.
 */

import { spawn } from "node:child_process";
import { rolldown } from "rolldown";

const folder = new URL("./dist/", import.meta.url).pathname;
const bundle = await rolldown({
  input: {
    bench: new URL("bench.ts", import.meta.url).pathname,
    link: new URL("link.ts", import.meta.url).pathname,
  },
  platform: "node",
  transform: { target: "node20" },
  external: ["ws"],
});
await bundle.write({ dir: folder, format: "esm", entryFileNames: "[name].mjs" });
await bundle.close();
const bench = spawn(process.execPath, [`${folder}bench.mjs`, ...process.argv.slice(2)], { stdio: "inherit" });
bench.on("exit", (code) => process.exit(code ?? 1));
