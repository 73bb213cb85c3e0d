/** The example `examples/upload-page` as its README has it: plain files beside the built library, on a server that knows nothing. */

import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { repository } from "../../../client/tests/support/user.ts";

const EXAMPLE = join(repository, "examples/upload-page");
const LIBRARY = join(repository, "web/client/dist");

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

export class UploadPage implements AsyncDisposable {
  readonly #server: Server;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Host and port of the bridge, in place of the one of `sftpbridge demo`. */
  bridge = "127.0.0.1:8022";

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<UploadPage> {
    if (!existsSync(join(LIBRARY, "index.js"))) throw new Error("web/client/dist is missing; run: make web");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const page = new UploadPage(server);
    server.on("request", (request, response) => {
      const { pathname } = new URL(request.url ?? "/", page.origin);
      const file = page.#file(pathname === "/" ? "/index.html" : pathname);
      if (file === undefined) response.writeHead(404).end();
      else response.setHeader("Content-Type", TYPES[extname(pathname || "")] ?? "text/html").end(file);
    });
    return page;
  }

  #file(path: string): string | undefined {
    const [, first, ...rest] = normalize(path).split("/");
    const file = first === "sftpbridge-client" ? join(LIBRARY, ...rest) : join(EXAMPLE, first ?? "", ...rest);
    if (!existsSync(file)) return undefined;
    return readFileSync(file, "utf8").replaceAll("127.0.0.1:8022", this.bridge);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
