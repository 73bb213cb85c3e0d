import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Bridge } from "../support/bridge.ts";
import { Sshd } from "../support/sshd.ts";
import { testUser } from "../support/user.ts";

let sshd: Sshd;
let bridge: Bridge;
const folder = mkdtempSync(join(tmpdir(), "sftpbridge-web-"));

beforeAll(async () => {
  sshd = await Sshd.start();
  bridge = await Bridge.start(sshd);
  const entry = new URL("../../src/core.ts", import.meta.url).pathname;
  await build({
    configFile: false,
    logLevel: "error",
    build: { outDir: folder, lib: { entry, formats: ["es"], fileName: () => "core.mjs" } },
  });
});

afterAll(async () => {
  await bridge?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** The close of the handle goes behind the last WRITE without waiting for it: in any other order that one would fail. */
const PROGRAM = `
import { connect } from "./core.mjs";
const { url, path, auth } = JSON.parse(process.env.TEST);
const client = await connect(url, { auth });
const file = await client.open(path, { write: true, create: true });
const sent = [];
for (let at = 0; at < 200; at++) {
  const bytes = new Uint8Array(1000).fill(at);
  sent.push(file.write(at * 1000, at % 3 ? new Blob([bytes]) : bytes));
}
sent.push(file.close());
await Promise.all(sent);
const again = await client.open(path);
const content = await again.read(0, 200_000);
await client.close();
console.log(content.length, content.every((byte, at) => byte === Math.floor(at / 1000)));
await client.stat(path).catch((error) => console.log(error.name));
`;

test("with the WebSocket that Node has of its own, Blobs and bytes keep their order, and the process ends", async () => {
  writeFileSync(join(folder, "program.mjs"), PROGRAM);
  const { name: user, password } = testUser();
  const auth = { method: "password", user, password };
  const env = {
    ...process.env,
    TEST: JSON.stringify({ url: bridge.url, path: `${sshd.files}/mixed`, auth }),
  };
  const flags = Number(process.versions.node.split(".")[0]) < 22 ? ["--experimental-websocket"] : [];
  const run = promisify(execFile)(process.execPath, [...flags, join(folder, "program.mjs")], { env });
  expect((await run).stdout).toBe("200000 true\nConnectionError\n");
});
