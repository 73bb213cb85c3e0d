/** The examples of the README and of docs/embedding.md: each compiles, and those that need no page run against a real server. */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Bridge } from "../support/bridge.ts";
import { type Example, ExampleFolder, examplesOf } from "../support/examples.ts";
import { Sshd } from "../support/sshd.ts";
import { testUser } from "../support/user.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const pages = ["README.md", "../../docs/embedding.md"];
const examples = pages.flatMap((page) => examplesOf(join(root, page)));
const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
/** React itself is not among what we need: Preact has the types of the same hooks. */
const paths = Object.fromEntries(
  Object.entries<string[]>({
    ...compilerOptions.paths,
    react: ["../node_modules/preact/compat/src/index.d.ts"],
  }).map(([name, files]) => [name, files.map((file) => join(root, file))]),
);
const folder = new ExampleFolder();
const user = testUser();
let sshd: Sshd;
let bridge: Bridge;

beforeAll(async () => {
  sshd = await Sshd.start();
  bridge = await Bridge.start(sshd);
  for (let number = 1; number <= 3; number++)
    writeFileSync(join(sshd.files, `${number}.txt`), `file ${number}\n`);
});

afterAll(async () => {
  folder[Symbol.dispose]();
  await bridge?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

/** With this test's server in the place of the one that the reader has. */
const filled = ({ code }: Example) =>
  code
    .replaceAll("wss://files.example.org/sftp", bridge.url)
    .replaceAll('"me"', JSON.stringify(user.name))
    .replaceAll('"secret"', JSON.stringify(user.password))
    .replaceAll("/home/me", sshd.files);

test.each(pages)("there are examples in %s", (page) => {
  expect(examplesOf(join(root, page)).length).toBeGreaterThan(5);
});

/** What TypeScript finds in them. */
function complaints(files: readonly string[], more: object = {}): string {
  const config = folder.write(
    "tsconfig.json",
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      compilerOptions: { noUnusedLocals: false, paths, ...more },
      files,
      include: [],
    }),
  );
  return spawnSync("npx", ["tsc", "-p", config], { cwd: root, encoding: "utf8" }).stdout;
}

test("every example compiles", () => {
  const files = examples.map((example, number) =>
    folder.write(`${number}.ts`, `${example.code}\nexport {};\n`),
  );
  expect(complaints(files)).toBe("");
});

test("the modules of examples/upload-page fit the types, imported as with a bundler", () => {
  const page = join(root, "../../examples/upload-page");
  const names = readdirSync(page).filter((name) => name.endsWith(".js"));
  const bundled = (name: string) =>
    readFileSync(join(page, name), "utf8").replaceAll("./sftpbridge-client/index.js", "sftpbridge-client");
  const files = names.map((name) => folder.write(name, bundled(name)));
  expect(names).toContain("main.js");
  expect(complaints(files, { allowJs: true, checkJs: true })).toBe("");
});

test.each(examples.filter(({ browser }) => !browser))("the example under $title runs", async (example) => {
  const file = folder.write(`run-${examples.indexOf(example)}.ts`, `${filled(example)}\nexport {};\n`);
  await import(file);
});
