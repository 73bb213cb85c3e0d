/** An SSH server whose SFTP side answers READs in any order, late, and with fewer bytes than were asked for when it likes. */

import { randomInt } from "node:crypto";
import type { AddressInfo } from "node:net";
import ssh2, { type Connection } from "ssh2";
import type { Upstream } from "./bridge.ts";

const { STATUS_CODE } = ssh2.utils.sftp;

export class DisorderlyReads implements Upstream, AsyncDisposable {
  readonly port: number;
  readonly knownHosts: string;
  /** READs that overtook another, and that were answered with less. */
  overtaken = 0;
  short = 0;
  readonly #content: Buffer;
  readonly #server: ssh2.Server;
  readonly #connections = new Set<Connection>();

  private constructor(server: ssh2.Server, publicKey: string, content: Buffer) {
    this.#content = content;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.knownHosts = `[127.0.0.1]:${this.port} ${publicKey}\n`;
    server.on("connection", (connection) => {
      this.#connections.add(connection);
      connection.on("authentication", (attempt) => {
        if (attempt.method === "password") attempt.accept();
        else attempt.reject(["password"]);
      });
      connection.on("error", () => {});
      connection.on("close", () => this.#connections.delete(connection));
      connection.on("session", (accept) => accept().on("sftp", (acceptSftp) => this.#serve(acceptSftp())));
    });
  }

  /** Every path is a file with this content. */
  static async start(content: Buffer): Promise<DisorderlyReads> {
    const key = ssh2.utils.generateKeyPairSync("ed25519");
    const server = new ssh2.Server({ hostKeys: [key.private] });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new DisorderlyReads(server, key.public.split(" ").slice(0, 2).join(" "), content);
  }

  #serve(sftp: ssh2.SFTPWrapper): void {
    const content = this.#content;
    const pending: number[] = [];
    sftp.on("error", () => {});
    sftp.on("OPEN", (id) => sftp.handle(id, Buffer.from("file")));
    sftp.on("CLOSE", (id) => sftp.status(id, STATUS_CODE.OK));
    sftp.on("FSTAT", (id) =>
      sftp.attrs(id, { mode: 0o100644, uid: 0, gid: 0, size: content.length, atime: 1, mtime: 1 }),
    );
    sftp.on("REALPATH", (id) => sftp.status(id, STATUS_CODE.NO_SUCH_FILE));
    sftp.on("READ", (id, _, offset, length) => {
      pending.push(id);
      setTimeout(() => {
        if (pending.indexOf(id) > 0) this.overtaken++;
        pending.splice(pending.indexOf(id), 1);
        const less = randomInt(4) ? length : randomInt(1, length + 1);
        if (less < length) this.short++;
        if (offset >= content.length) sftp.status(id, STATUS_CODE.EOF);
        else sftp.data(id, content.subarray(offset, offset + less));
      }, randomInt(20));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.end();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
