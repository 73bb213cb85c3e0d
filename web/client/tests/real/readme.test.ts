/** The README's examples: each compiles, and those that need no page run against a real server. */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Bridge } from "../support/bridge.ts";
import { type Example, ExampleFolder, examplesOf } from "../support/examples.ts";
import { Sshd } from "../support/sshd.ts";
import { testUser } from "../support/user.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const examples = examplesOf(join(root, "README.md"));
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

test("there are examples", () => {
  expect(examples.length).toBeGreaterThan(5);
});

test("every example compiles", () => {
  const files = examples.map((example, number) =>
    folder.write(`${number}.ts`, `${example.code}\nexport {};\n`),
  );
  const config = folder.write(
    "tsconfig.json",
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      compilerOptions: { noUnusedLocals: false },
      files,
      include: [],
    }),
  );
  const { stdout } = spawnSync("npx", ["tsc", "-p", config], { cwd: root, encoding: "utf8" });
  expect(stdout).toBe("");
});

test.each(examples.filter(({ browser }) => !browser))("the example under $title runs", async (example) => {
  const file = folder.write(`run-${examples.indexOf(example)}.ts`, `${filled(example)}\nexport {};\n`);
  await import(file);
});
