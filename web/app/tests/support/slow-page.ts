/** A proxy in front of a site whose page can be slow to come, and whose WebSockets can be left without an answer. */

import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export class SlowPage implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Milliseconds before the document is passed on. */
  delay = 0;
  isDeaf = false;
  /** Of WebSockets that were opened, and of documents that were passed on, in order. */
  readonly seen: ("socket" | "page")[] = [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    server.on("connection", (socket) => this.#sockets.add(socket));
    server.on("request", async (asked, answer) => {
      if (asked.url === "/") {
        await new Promise((done) => setTimeout(done, this.delay));
        this.seen.push("page");
      }
      const passed = request(onwards(asked, port), (it) => {
        answer.writeHead(it.statusCode ?? 502, it.headers);
        it.pipe(answer);
      });
      asked.pipe(passed);
    });
    server.on("upgrade", (asked, socket) => {
      this.seen.push("socket");
      if (this.isDeaf) return;
      const passed = request(onwards(asked, port));
      passed.on("upgrade", ({ rawHeaders }, onward, first) => {
        const lines = rawHeaders.map((it, index) => (index % 2 ? `${it}\r\n` : `${it}: `)).join("");
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`);
        socket.write(first);
        onward.pipe(socket).pipe(onward);
        for (const it of [socket, onward]) it.on("error", () => onward.destroy());
      });
      passed.end();
    });
  }

  /** In front of a port of this machine. */
  static async start(port: number): Promise<SlowPage> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new SlowPage(server, port);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }
}

const onwards = ({ url, method, headers }: IncomingMessage, port: number) => ({
  host: "127.0.0.1",
  port,
  path: url,
  method,
  headers,
});
