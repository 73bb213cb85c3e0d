/** Pages for tests in browsers: modules of this folder, bundled in memory, on a loopback server, under the strictest CSP. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { build, type Rolldown } from "vite";
import { repository } from "./user.ts";

const FOLDER = join(repository, "web/client/tests/browser/pages");

/** What a page of the application may do, and not more; `connect` is where the bridge is. */
export const policy = (connect: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ${connect}`,
    "worker-src 'self'",
    "img-src 'self' blob:",
    "media-src 'self' blob:",
    "frame-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types sftp-app",
  ].join("; ");

/** Bundles one module: a module for pages, or a classic script, which every worker takes. */
export async function bundle(name: string, format: "es" | "iife" = "es"): Promise<string> {
  const built = (await build({
    configFile: false,
    logLevel: "error",
    root: FOLDER,
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      target: "es2022",
      rolldownOptions: { input: join(FOLDER, name), output: { format, codeSplitting: false } },
    },
  })) as Rolldown.RolldownOutput;
  return built.output[0].code;
}

/** Serves `/` with the script `page.js`, and the other scripts by their names. */
export class Pages {
  readonly #server: Server;
  /** Scheme, host and port. */
  readonly origin: string;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** `scripts` are modules of `tests/browser/pages`; those whose name ends in `worker.ts` become classic scripts. */
  static async start(scripts: readonly string[]): Promise<Pages> {
    const files = new Map<string, string>();
    for (const script of scripts) {
      const code = await bundle(script, script.endsWith("worker.ts") ? "iife" : "es");
      files.set(`/${basename(script, ".ts")}.js`, code);
    }
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
      const script = files.get(pathname);
      response.setHeader("X-Content-Type-Options", "nosniff");
      response.setHeader("Cache-Control", "no-store");
      response.setHeader("Content-Security-Policy", policy(searchParams.get("connect") ?? ""));
      if (script !== undefined) response.setHeader("Content-Type", "text/javascript").end(script);
      else if (pathname === "/") response.setHeader("Content-Type", "text/html; charset=utf-8").end(PAGE);
      else response.writeHead(pathname === "/favicon.ico" ? 204 : 404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Pages(server);
  }

  /** The page, which may connect to this bridge. */
  page(bridge: string): string {
    return `${this.origin}/?connect=${encodeURIComponent(new URL(bridge).origin)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const PAGE = `<!doctype html>
<html lang="en">
<title>sftpbridge-client tests</title>
<script type="module" src="/page.js"></script>
`;
