import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { entries } from "./scripts/entries.mjs";

/** The package by its own name: for the examples of the README. */
const alias = Object.entries(entries).map(([name, file]) => ({
  find: new RegExp(`^sftpbridge-client${name === "index" ? "" : `/${name}`}$`),
  replacement: fileURLToPath(new URL(file, import.meta.url)),
}));

/** Unit tests have no peers; the others start a bridge and an sshd, and browsers. */
const project = (name: string, testTimeout: number) => ({
  resolve: { alias },
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: 60_000,
    pool: "forks" as const,
    setupFiles: ["tests/support/setup.ts"],
  },
});

// Two also where there are two cores: most of the time a test waits for a path that is slow on purpose.
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project("unit", 30_000),
      project("real", 120_000),
      project("browser", 180_000),
      project("long", 900_000),
    ],
  },
});
