/** Makes `dist`: the entries as ES modules with source maps, their types, and the service worker as one script. */

import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { entries } from "./entries.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const common = { root, configFile: false, logLevel: "warn" };
process.chdir(root);
rmSync("dist", { recursive: true, force: true });

await build({
  ...common,
  build: {
    target: "es2022",
    minify: false,
    sourcemap: true,
    lib: { entry: entries, formats: ["es"] },
    rolldownOptions: { output: { chunkFileNames: "shared-[hash].js" } },
  },
});

// For a page that has no bundler: copied beside it, and registered as it is.
await build({
  ...common,
  build: {
    target: "es2022",
    emptyOutDir: false,
    sourcemap: true,
    minify: "oxc",
    lib: {
      entry: "src/service-worker/script.ts",
      formats: ["iife"],
      name: "sftpbridge",
      fileName: () => "sw.js",
    },
  },
});

execFileSync("npx", ["tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
for (const licence of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(`../../${licence}`, licence);
