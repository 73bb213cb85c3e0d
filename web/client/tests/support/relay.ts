/** A TCP relay in front of a bridge, which can cut what runs through it. */

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections that were made so far. */
  connections = 0;
  /** Bytes that clients sent. */
  received = 0;
  /** Takes connections, and says nothing. */
  deaf = false;
  /** What the next logins that succeed come to: `ready` is lost, and the bridge hears of that, or does not. */
  readonly unheard: ("cut" | "half-open")[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<Relay> {
    const server = createServer();
    const relay = new Relay(server);
    server.on("connection", (socket) => relay.#pass(socket, port));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/sftp`;
  }

  /** Sockets of both sides. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Resets all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #pass(near: Socket, port: number): void {
    this.connections += 1;
    this.#add(near);
    if (this.deaf) return void near.resume();
    const far = connect(port, "127.0.0.1");
    this.#add(far);
    near.on("data", (bytes) => {
      this.received += bytes.length;
    });
    let lost: "cut" | "half-open" | false | undefined;
    far.on("data", (bytes) => {
      lost ||= bytes.includes('"type":"ready"') && this.unheard.shift();
      if (lost) near.resetAndDestroy();
    });
    near.pipe(far).pipe(near);
    near.on("close", () => {
      if (lost !== "half-open") far.destroy();
    });
    far.on("close", () => near.destroy());
  }

  #add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
