/** The examples of a Markdown page: what stands in its fences, as files that can be compiled and run. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Example {
  /** The heading above it, and its number below that. */
  readonly title: string;
  /** Only in a page or worker: compiled, and not run in Node. */
  readonly browser: boolean;
  readonly code: string;
}

/** All fences with `ts`, in order. */
export function examplesOf(page: string): Example[] {
  const examples: Example[] = [];
  let heading = "";
  let number = 0;
  let inside: string[] | undefined;
  let info = "";
  for (const line of readFileSync(page, "utf8").split("\n")) {
    if (inside && line.startsWith("```")) {
      const [language, where] = info.split(" ");
      if (language === "ts") {
        number += 1;
        examples.push({
          title: `${heading} ${number}`,
          browser: where === "browser",
          code: `${inside.join("\n")}\n`,
        });
      }
      inside = undefined;
    } else if (inside) {
      inside.push(line);
    } else if (line.startsWith("```")) {
      inside = [];
      info = line.slice(3).trim();
    } else if (line.startsWith("#")) {
      heading = line.replace(/^#+ /, "");
      number = 0;
    }
  }
  return examples;
}

/** A folder beside the tests, so that imports are found as they are there; removed by `dispose`. */
export class ExampleFolder {
  readonly path: string;

  constructor() {
    const parent = fileURLToPath(new URL("..", import.meta.url));
    mkdirSync(parent, { recursive: true });
    this.path = mkdtempSync(join(parent, ".examples-"));
  }

  write(name: string, text: string): string {
    const file = join(this.path, name);
    writeFileSync(file, text);
    return file;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
