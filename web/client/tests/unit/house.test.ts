/** The library's own order: imports point down, files stay short, nothing of Node or of a package gets in. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../src", import.meta.url));

/** From the bottom up; docs/client-library.md has the same. A file with a place of its own is named by its path. */
const ROOMS = [
  ["errors.ts", "abort.ts", "bytes.ts", "path.ts", "stream.ts", "indexed-db.ts"],
  ["codec"],
  ["transport"],
  ["session", "login"],
  ["client"],
  ["core.ts", "keys"],
  ["window"],
  ["transfer"],
  ["tree"],
  ["client/sftp-client.ts", "index.ts"],
  ["worker", "service-worker"],
];

interface Source {
  readonly name: string;
  readonly text: string;
}

const sources: Source[] = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((file) => ({ name: relative(root, file), text: readFileSync(file, "utf8") }));

const floorOf = (room: string) => ROOMS.findIndex((rooms) => rooms.includes(room));

const floor = (name: string) => Math.max(floorOf(name), floorOf(name.split("/")[0] ?? ""));

const imports = ({ text }: Source) =>
  [...text.matchAll(/(?:from|import\() ?"([^"]+)"/g)].map(([, module = ""]) => module);

test("there are sources, and each is in a room", () => {
  expect(sources.length).toBeGreaterThan(20);
  expect(sources.filter(({ name }) => floor(name) < 0).map(({ name }) => name)).toEqual([]);
});

test("imports point down, and to nothing but the library itself", () => {
  const wrong = sources.flatMap((source) =>
    imports(source)
      .filter((module) => {
        if (!module.startsWith(".")) return true;
        return floor(join(dirname(source.name), module)) > floor(source.name);
      })
      .map((module) => `${source.name} imports ${module}`),
  );
  expect(wrong).toEqual([]);
});

test("no file is over 400 lines", () => {
  const long = sources.filter(({ text }) => text.trimEnd().split("\n").length > 400).map(({ name }) => name);
  expect(long).toEqual([]);
});

test("each file says what it is for", () => {
  expect(sources.filter(({ text }) => !text.startsWith("/**")).map(({ name }) => name)).toEqual([]);
});

test("the picture in docs/client-library.md is this one", () => {
  const page = readFileSync(join(root, "../../../docs/client-library.md"), "utf8");
  const [, picture = ""] = /### Imports point down only\n+```text\n(.*?)```/s.exec(page) ?? [];
  const lines = picture.trim().split("\n");
  expect(lines.map((line) => line.split(", "))).toEqual([...ROOMS].reverse());
});
