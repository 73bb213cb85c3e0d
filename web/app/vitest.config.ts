import { defineConfig } from "vitest/config";

/** Unit tests need nothing but Node; the others start a bridge, an sshd and browsers, and take the page from `dist`. */
const project = (name: string, testTimeout: number) => ({
  oxc: { jsx: { runtime: "automatic" as const, importSource: "preact" } },
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: 60_000,
    pool: "forks" as const,
    // Files share the browsers of their worker; each has its own site, and each test its own profile.
    isolate: name === "unit",
  },
});

export default defineConfig({
  // Also where there are two cores: half of the time a test waits.
  test: {
    maxWorkers: 2,
    projects: [project("unit", 30_000), project("browser", 120_000), project("long", 1_800_000)],
  },
});
