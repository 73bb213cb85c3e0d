/** The operations of SFTP, one request each: what the core entry has. */

import { type Attributes, decodeAttributes } from "../codec/attributes.ts";
import { OpenFlag, Type } from "../codec/numbers.ts";
import * as requests from "../codec/request.ts";
import { decodeHandle, decodeName, decodeNames, type Entry } from "../codec/response.ts";
import type { SftpPath } from "../path.ts";
import { type Abortable, ask } from "./ask.ts";
import type { Connection, ConnectionState } from "./connection.ts";
import { FileHandle, untilEof } from "./file.ts";

/** How to open a file; to read it, without any of these. */
export interface OpenOptions extends Abortable {
  /** Together with `write`, both. */
  readonly read?: boolean;
  /** Without `create` only a file that is there. */
  readonly write?: boolean;
  /** Where there is none. */
  readonly create?: boolean;
  /** To no bytes. */
  readonly truncate?: boolean;
  /** With `create`: fails where there is one, and follows no link. */
  readonly exclusive?: boolean;
  /** Writes go to the end, wherever that is. */
  readonly append?: boolean;
  /** Permissions of a file that is created; less the server's umask. */
  readonly mode?: number;
}

/** How to list a directory. */
export interface ListOptions extends Abortable {
  /** The most entries to hold: a RangeError beyond. 1,000,000 without it. */
  readonly limit?: number;
}

/**
 * Every method takes a `signal`, and rejects with an SftpError, a ConnectionError, a ProtocolError, or the signal's reason;
 * with a TypeError or RangeError for what cannot be sent, before anything is. Those that only read are tried a second time
 * when the connection is lost meanwhile and made again.
 */
export class CoreClient {
  declare readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** That of the connection. */
  get state(): ConnectionState {
    return this.connection.state;
  }

  /** Follows links; `lstat` does not. */
  async stat(path: SftpPath, options?: Abortable): Promise<Attributes> {
    return ask(this.connection, requests.stat(path), Type.ATTRS, "stat", path, options, decodeAttributes);
  }

  /** Of a link itself, where it is one. */
  async lstat(path: SftpPath, options?: Abortable): Promise<Attributes> {
    return ask(this.connection, requests.lstat(path), Type.ATTRS, "lstat", path, options, decodeAttributes);
  }

  /** The absolute path; `.` is where the session starts. Whether the last part has to exist is the server's choice. */
  async realpath(path: SftpPath, options?: Abortable): Promise<SftpPath> {
    return ask(this.connection, requests.realpath(path), Type.NAME, "realpath", path, options, decodeName);
  }

  /** What the link says: often a path relative to its directory. */
  async readlink(path: SftpPath, options?: Abortable): Promise<SftpPath> {
    return ask(this.connection, requests.readlink(path), Type.NAME, "readlink", path, options, decodeName);
  }

  /** Sets what is in `attributes`, of the file that a link leads to. A size cuts or lengthens the file. */
  async setAttributes(path: SftpPath, attributes: Attributes, options?: Abortable): Promise<void> {
    return ask(this.connection, requests.setstat(path, attributes), Type.STATUS, "setstat", path, options);
  }

  async mkdir(path: SftpPath, options?: Abortable & { readonly mode?: number }): Promise<void> {
    return ask(
      this.connection,
      requests.mkdir(path, { mode: options?.mode }),
      Type.STATUS,
      "mkdir",
      path,
      options,
    );
  }

  /** An empty directory. */
  async rmdir(path: SftpPath, options?: Abortable): Promise<void> {
    return ask(this.connection, requests.rmdir(path), Type.STATUS, "rmdir", path, options);
  }

  /** A file or a link; `rmdir` for a directory. */
  async unlink(path: SftpPath, options?: Abortable): Promise<void> {
    return ask(this.connection, requests.remove(path), Type.STATUS, "remove", path, options);
  }

  /** Fails where `to` exists, if the server keeps to the draft (section 6.5). */
  async rename(from: SftpPath, to: SftpPath, options?: Abortable): Promise<void> {
    return ask(this.connection, requests.rename(from, to), Type.STATUS, "rename", from, options);
  }

  /** Makes `link`, which says `target`: nothing is looked up. In OpenSSH's order on the wire, which servers share. */
  async symlink(target: SftpPath, link: SftpPath, options?: Abortable): Promise<void> {
    return ask(this.connection, requests.symlink(target, link), Type.STATUS, "symlink", link, options);
  }

  /** After an abort the server's handle is closed, if one comes. */
  async open(path: SftpPath, options: OpenOptions = {}): Promise<FileHandle> {
    const { read, create, truncate, exclusive, append, mode, signal } = options;
    const write = options.write || append;
    const flags =
      (read || !write ? OpenFlag.READ : 0) |
      (write ? OpenFlag.WRITE : 0) |
      (append ? OpenFlag.APPEND : 0) |
      (create ? OpenFlag.CREAT : 0) |
      (truncate ? OpenFlag.TRUNC : 0) |
      (exclusive ? OpenFlag.EXCL : 0);
    return ask(
      this.connection,
      requests.open(path, flags, { mode }),
      Type.HANDLE,
      "open",
      path,
      { signal, repeatable: flags === OpenFlag.READ },
      (body, session) => new FileHandle(session, decodeHandle(body), path),
    );
  }

  /** All entries of a directory but `.` and `..`, in the server's order: one request after the other. */
  async readdir(path: SftpPath, { signal, limit = 1_000_000 }: ListOptions = {}): Promise<Entry[]> {
    const asked = { signal, repeatable: true };
    return this.connection.run(asked, async (session) => {
      const open = requests.opendir(path);
      const handle = await ask(session, open, Type.HANDLE, "readdir", path, asked, decodeHandle);
      const found: Entry[] = [];
      try {
        for (;;) {
          const page = ask(session, requests.readdir(handle), Type.NAME, "readdir", path, asked, decodeNames);
          const names = await untilEof(page, []);
          // No names at all are the end too, for OpenSSH's client and for some servers; so every round brings some.
          if (!names.length) return found;
          found.push(...names.filter(({ name }) => !/^\.\.?$/.test(name)));
          if (found.length > limit) throw new RangeError(`more than ${limit} entries`);
        }
      } finally {
        session.release(handle);
      }
    });
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
