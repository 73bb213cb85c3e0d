/**
 * Lucide's icons without what the page has no use for: their names, the keys of their parts, and the code that makes icons for
 * each framework and in many styles. `src/ui/icon.ts` makes them instead. It is half of what they would weigh.
 */

import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const maker = fileURLToPath(new URL("../src/ui/icon.ts", import.meta.url));

export const smallIcons = (): Plugin => ({
  name: "small-icons",
  enforce: "pre",
  resolveId: (source) => (source.endsWith("/createLucideIcon.mjs") ? maker : undefined),
  transform(code, id) {
    if (!/lucide-preact\/.*\/icons\/[\w-]+\.mjs$/.test(id)) return undefined;
    return { code: code.replace(/, key: "\w+"|^ +(?:name|size): .*,$/gm, ""), map: null };
  },
});
