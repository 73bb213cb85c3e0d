import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Rolldown } from "vite";
import { entries } from "../client/scripts/entries.mjs";
import { smallIcons } from "./scripts/small-icons.ts";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The library from its sources, module by module: what only a part needs that comes later comes with that part. */
const library = Object.entries(entries).map(([name, source]) => ({
  find: new RegExp(`^sftpbridge-client${name === "index" ? "" : `/${name}`}$`),
  replacement: path(`../client/${source}`),
}));

/** Few files: what the first list needs is one, what comes when it is wanted is one for each room. */
const chunks: Rolldown.CodeSplittingGroup[] = [
  { name: "index", tags: ["$initial"], priority: 1 },
  { debugName: "rooms", name: (id: string) => /web\/app\/src\/(\w+)\//.exec(id)?.[1] ?? "shared" },
];

/** Relative URLs only: the page works under any `base_path`. Nothing is inlined, since the policy forbids data URLs. */
export default defineConfig({
  base: "./",
  resolve: { alias: library },
  plugins: [
    smallIcons(),
    {
      // The library's own script, at the root: what a service worker may answer for is what lies below it.
      name: "service-worker",
      writeBundle: () => copyFileSync(path("../client/dist/sw.js"), path("dist/sw.js")),
    },
  ],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: { codeSplitting: { groups: chunks, includeDependenciesRecursively: false } },
    },
  },
});
