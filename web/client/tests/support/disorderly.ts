/**
 * An SSH server whose SFTP side carries out and acknowledges WRITEs in any order, late, and loses some of those that it has not
 * acknowledged when a connection ends; others it still carries out after that. Its files are in memory.
 */

import { randomInt } from "node:crypto";
import type { AddressInfo } from "node:net";
import ssh2, { type Connection, type SFTPWrapper } from "ssh2";
import type { Upstream } from "./bridge.ts";

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;
const MODE = 0o100644;

interface HeldFile {
  data: Buffer;
  size: number;
  mtime: number;
}

export interface DisorderlyOptions {
  /** Bytes that a file may grow to. */
  readonly room: number;
  /** Milliseconds that a WRITE may take. */
  readonly delay?: number;
}

export class Disorderly implements Upstream, AsyncDisposable {
  readonly files = new Map<string, HeldFile>();
  readonly port: number;
  readonly knownHosts: string;
  /** WRITEs that were lost, and that overtook another. */
  lost = 0;
  overtaken = 0;
  readonly #server: ssh2.Server;
  readonly #connections = new Set<Connection>();
  readonly #sessions = new Set<Session>();

  private constructor(server: ssh2.Server, publicKey: string, options: DisorderlyOptions) {
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
      connection.on("session", (accept) => {
        accept().on("sftp", (acceptSftp) => {
          this.#sessions.add(new Session(this, acceptSftp(), options));
        });
      });
    });
  }

  static async start(options: DisorderlyOptions): Promise<Disorderly> {
    const key = ssh2.utils.generateKeyPairSync("ed25519");
    const server = new ssh2.Server({ hostKeys: [key.private] });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Disorderly(server, key.public.split(" ").slice(0, 2).join(" "), options);
  }

  /** Ends all connections: what is not carried out yet is lost, or late. */
  cut(): void {
    for (const session of this.#sessions) session.end();
    this.#sessions.clear();
    for (const connection of this.#connections) connection.end();
  }

  content(path: string): Buffer {
    const file = this.files.get(path);
    if (!file) throw new Error(`there is no ${path}`);
    return file.data.subarray(0, file.size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

interface Pending {
  readonly number: number;
  readonly apply: () => void;
}

class Session {
  readonly #server: Disorderly;
  readonly #sftp: SFTPWrapper;
  readonly #options: DisorderlyOptions;
  readonly #handles = new Map<string, HeldFile>();
  readonly #pending = new Map<number, Pending>();
  #number = 0;
  #ended = false;

  constructor(server: Disorderly, sftp: SFTPWrapper, options: DisorderlyOptions) {
    this.#server = server;
    this.#sftp = sftp;
    this.#options = options;
    sftp.on("close", () => this.end());
    sftp.on("error", () => {});
    this.#serve();
  }

  #serve(): void {
    const { files } = this.#server;
    const sftp = this.#sftp;
    const missing = (id: number) => sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
    const done = (id: number, well = true) => sftp.status(id, well ? STATUS_CODE.OK : STATUS_CODE.FAILURE);
    const attributes = ({ size, mtime }: HeldFile) => ({
      ...{ mode: MODE, uid: 0, gid: 0, size, atime: mtime, mtime },
    });
    sftp.on("OPEN", (id, path, flags) => {
      let file = files.get(path);
      if (file && flags & OPEN_MODE.EXCL) return done(id, false);
      if (!file && !(flags & OPEN_MODE.CREAT)) return missing(id);
      file ??= { data: Buffer.alloc(this.#options.room), size: 0, mtime: 0 };
      if (flags & OPEN_MODE.TRUNC) file.size = 0;
      files.set(path, file);
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(this.#number++);
      this.#handles.set(handle.toString("hex"), file);
      sftp.handle(id, handle);
    });
    sftp.on("WRITE", (id, handle, offset, data) => {
      const file = this.#handles.get(handle.toString("hex"));
      if (file) this.#write(id, file, offset, Buffer.from(data));
      else done(id, false);
    });
    sftp.on("CLOSE", (id, handle) => done(id, this.#handles.delete(handle.toString("hex"))));
    const look = (id: number, path: string) => {
      const file = files.get(path);
      if (file) sftp.attrs(id, attributes(file));
      else missing(id);
    };
    sftp.on("STAT", look);
    sftp.on("LSTAT", look);
    sftp.on("FSTAT", (id, handle) => {
      const file = this.#handles.get(handle.toString("hex"));
      if (file) sftp.attrs(id, attributes(file));
      else done(id, false);
    });
    sftp.on("FSETSTAT", (id, handle, { size }) => {
      const file = this.#handles.get(handle.toString("hex"));
      if (file && size !== undefined) file.size = size;
      done(id, !!file);
    });
    sftp.on("REMOVE", (id, path) => done(id, files.delete(path)));
    sftp.on("RENAME", (id, from, to) => {
      const file = files.get(from);
      if (!file || files.has(to)) return file ? done(id, false) : missing(id);
      files.delete(from);
      files.set(to, file);
      done(id);
    });
  }

  #write(id: number, file: HeldFile, offset: number, data: Buffer): void {
    const number = this.#number++;
    const apply = () => {
      data.copy(file.data, offset);
      file.size = Math.max(file.size, offset + data.length);
    };
    this.#pending.set(number, { number, apply });
    const { delay = 60 } = this.#options;
    setTimeout(() => {
      if (this.#ended) return;
      if ([...this.#pending.keys()].some((it) => it < number)) this.#server.overtaken++;
      this.#pending.delete(number);
      apply();
      // The response may be late on top of it.
      setTimeout(() => this.#ended || this.#sftp.status(id, STATUS_CODE.OK), randomInt(3));
    }, randomInt(delay));
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { apply } of this.#pending.values()) {
      if (randomInt(2)) setTimeout(apply, randomInt(100));
      else this.#server.lost++;
    }
    this.#pending.clear();
  }
}
