/** The entries of the package, as `exports` in package.json has them: name, and the file it is made from. */
export const entries = {
  index: "src/index.ts",
  core: "src/core.ts",
  keys: "src/keys/index.ts",
  worker: "src/worker/index.ts",
  "service-worker": "src/service-worker/index.ts",
  downloads: "src/service-worker/downloads.ts",
};
