/** The bridge itself, in front of one upstream. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, Running, until } from "./process.ts";
import { target } from "./user.ts";

/** Built by `make web-test`; another by SFTPBRIDGE_BINARY. */
function binary(): string {
  const file = process.env.SFTPBRIDGE_BINARY ?? join(target, "debug/sftpbridge");
  if (!existsSync(file)) throw new Error(`${file} is missing; run: cargo build --locked`);
  return file;
}

/** Without our own variables: the bridge takes those that begin like that for its configuration. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SFTPBRIDGE_")));
}

export interface Upstream {
  readonly port: number;
  readonly knownHosts: string;
}

export interface BridgeOptions {
  readonly origins?: readonly string[];
  /** Where everything is served, such as "/files". */
  readonly basePath?: string;
  /** Where others have to know it before; without it one that is free. */
  readonly port?: number;
  /** Lines for `[upstreams.main]`. */
  readonly upstream?: string;
  /** Lines for `[limits]`, after ours. */
  readonly limits?: string;
  /** Lines for `[throttle]`, in place of ours. */
  readonly throttle?: string;
  /** Whole sections. */
  readonly more?: string;
}

export class Bridge {
  #process: Running;
  readonly #folder: string;
  readonly port: number;
  /** Of the default upstream. */
  readonly url: string;

  private constructor(process: Running, folder: string, port: number, basePath = "") {
    this.#process = process;
    this.#folder = folder;
    this.port = port;
    this.url = `ws://127.0.0.1:${port}${basePath}/sftp`;
  }

  static async start(upstream: Upstream, options: BridgeOptions = {}): Promise<Bridge> {
    const folder = mkdtempSync(join(tmpdir(), "sftpbridge-web-"));
    const config = join(folder, "proxy.toml");
    writeFileSync(join(folder, "known_hosts"), upstream.knownHosts);
    for (let tries = 0; tries < 10; tries++) {
      const port = options.port ?? (await freePort());
      writeFileSync(config, configuration(port, upstream.port, options));
      const running = new Running(binary(), ["serve", "--config", config], environment());
      await until("the bridge to listen", () => /listening|listens/i.test(running.output) || running.ended);
      if (!running.ended) return new Bridge(running, folder, port, options.basePath);
      if (!/in use/.test(running.output)) throw new Error(`the bridge does not start: ${running.output}`);
    }
    throw new Error("no free port for the bridge in ten tries");
  }

  /** Ends it, and starts it again on the same port. */
  async restart(): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    const running = new Running(
      binary(),
      ["serve", "--config", join(this.#folder, "proxy.toml")],
      environment(),
    );
    this.#process = running;
    await until("the bridge to listen again", () => /listening|listens/i.test(running.output));
  }

  get log(): string {
    return this.#process.output;
  }

  get pid(): number {
    return this.#process.process.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function configuration(port: number, upstreamPort: number, options: BridgeOptions): string {
  return `default_upstream = "main"

[listen]
address = "127.0.0.1:${port}"
allowed_origins = ${JSON.stringify(options.origins ?? [])}
base_path = ${JSON.stringify(options.basePath ?? "/")}

[admin]
address = ""

[upstreams.main]
title = "Main"
address = "127.0.0.1:${upstreamPort}"
known_hosts = "known_hosts"
${options.upstream ?? ""}

[throttle]
${options.throttle ?? "attempts_per_address = 1000\nattempts_per_user = 1000"}

[limits]
sessions_per_user = 1000
sessions_per_address = 1000
${options.limits ?? ""}

${options.more ?? ""}
`;
}
