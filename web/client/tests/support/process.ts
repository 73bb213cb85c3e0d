/** Programs that a test starts, and that end with it. */

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { type AddressInfo, createServer } from "node:net";

const FOLDERS = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
  "/usr/lib/openssh",
];

/** The path of an installed program; a missing one fails the test. */
export function tool(name: string): string {
  const folder = FOLDERS.find((it) => isExecutable(`${it}/${name}`));
  if (!folder) throw new Error(`${name} is not installed; run: tests/setup.sh`);
  return `${folder}/${name}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A running program, what it wrote, and its end. */
export class Running {
  readonly process: ChildProcess;
  output = "";

  constructor(command: string, args: string[], env: NodeJS.ProcessEnv = process.env) {
    this.process = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on("data", (bytes: Buffer) => {
        this.output = (this.output + bytes.toString("utf8")).slice(-1_000_000);
      });
    }
  }

  get ended(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ended) return;
    this.process.kill("SIGTERM");
    const hard = setTimeout(() => this.process.kill("SIGKILL"), 3000);
    await new Promise((resolve) => this.process.once("exit", resolve));
    clearTimeout(hard);
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits for a condition; after `timeout` milliseconds it is an error that says what was waited for. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeout = 15_000,
): Promise<NonNullable<T>> {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${timeout} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
