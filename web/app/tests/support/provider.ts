/** A real OpenID Connect provider: npm's `oidc-provider`, with the forms of its development mode. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { tool, until } from "../../../client/tests/support/process.ts";
import { repository } from "../../../client/tests/support/user.ts";
import type { ChromiumPerson } from "./chromium.ts";

export class Provider implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly issuer: string;

  private constructor(process: ChildProcess, issuer: string) {
    this.#process = process;
    this.issuer = issuer;
  }

  static async start(clients: readonly object[]): Promise<Provider> {
    const cwd = join(repository, "tests/node");
    if (!existsSync(join(cwd, "node_modules/oidc-provider")))
      throw new Error("oidc-provider is not installed; run: tests/setup.sh");
    const process = spawn(tool("node"), ["oidc_provider.js"], { cwd, stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    process.stdout.on("data", (bytes: Buffer) => {
      output += bytes;
    });
    process.stdin.end(JSON.stringify({ clients }));
    const port = await until("the provider to listen", () => /listening (\d+)/.exec(output)?.[1]);
    return new Provider(process, `http://127.0.0.1:${port}`);
  }

  /** Fills in its forms, where the page has led to it. */
  async signsIn({ page }: ChromiumPerson, login: string): Promise<void> {
    await page.waitForURL(`${this.issuer}/**`);
    await page.locator("input[name=login]").fill(login);
    await page.locator("input[name=password]").fill("anything");
    await page.locator("button[type=submit]").click();
    // What the bridge may know of the person.
    await page.locator("input[name=prompt][value=consent]").waitFor({ state: "attached" });
    await page.locator("button[type=submit]").click();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill();
    await ended;
  }
}
