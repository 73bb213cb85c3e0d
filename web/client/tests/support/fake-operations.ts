/** What the in-memory server does for each request, as OpenSSH's sftp-server does it. One for each connection. */

import { type Bytes, utf8 } from "../../src/bytes.ts";
import { OpenFlag, Status } from "../../src/codec/numbers.ts";
import { type SftpPath, shown } from "../../src/path.ts";
import { attributesOf, type FakeFile, type FakeFiles, fromKey, nameOf, parentOf } from "./fake-files.ts";
import type { Handle, ServerRequest } from "./server-codec.ts";
import * as reply from "./server-codec.ts";

export interface FakeOperationsOptions {
  readonly extensions: Readonly<Record<string, string>>;
  readonly limits?: readonly [packet: number, read: number, write: number, handles: number] | undefined;
  readonly namesPerReply?: number | undefined;
}

interface OpenHandle {
  readonly file: FakeFile;
  readonly path: string;
  readonly flags: number;
  /** Of a directory: what is left to be listed. */
  readonly names?: string[];
}

/** A status as an answer. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const missing = () => new Refusal(Status.NO_SUCH_FILE, "No such file");
const failure = () => new Refusal(Status.FAILURE, "Failure");

type Operations = {
  [O in ServerRequest["operation"]]?: (
    request: ServerRequest & { readonly operation: O },
  ) => Bytes | undefined;
};

export class FakeOperations {
  readonly handles = new Map<Handle, OpenHandle>();
  readonly #files: FakeFiles;
  readonly #options: FakeOperationsOptions;
  readonly #limits: readonly [packet: number, read: number, write: number, handles: number];
  #handle = 0;

  constructor(files: FakeFiles, options: FakeOperationsOptions) {
    this.#files = files;
    this.#options = options;
    this.#limits = options.limits ?? [262_144, 261_120, 261_120, 1019];
  }

  answer(request: ServerRequest): Bytes {
    try {
      const { operation } = request;
      const name = operation === "extended" ? request.name : operation.replace(/^(check-file)-.*/, "$1");
      const known =
        !/@|^copy-data|^home-|^check-file|^extended/.test(operation) || name in this.#options.extensions;
      const run =
        known && (this.#operations[operation] as ((it: ServerRequest) => Bytes | undefined) | undefined);
      if (!run) throw new Refusal(Status.OP_UNSUPPORTED, "Operation unsupported");
      return run(request) ?? reply.status(request.id, Status.OK, "Success");
    } catch (error) {
      if (error instanceof Refusal) return reply.status(request.id, error.status, error.message);
      throw error;
    }
  }

  readonly #operations: Operations = {
    init: () => reply.version(this.#options.extensions),
    open: ({ id, path, flags, attributes }) => {
      const at = this.#resolve(path);
      let file = this.#files.files.get(at);
      if (file && flags & OpenFlag.CREAT && flags & OpenFlag.EXCL) throw failure();
      if (!file && !(flags & OpenFlag.CREAT)) throw missing();
      if (file?.kind === "directory") throw failure();
      this.#directory(parentOf(at));
      file ??= this.#files.make(at, "file", undefined, attributes.mode);
      if (flags & OpenFlag.TRUNC) this.#files.truncate(file, 0);
      return this.#opened(id, { file, path: at, flags });
    },
    opendir: ({ id, path }) => {
      const at = this.#resolve(path);
      const file = this.#directory(at);
      return this.#opened(id, { file, path: at, flags: 0, names: [".", "..", ...this.#files.names(at)] });
    },
    close: ({ handle }) => {
      this.#open(handle);
      this.handles.delete(handle);
      return undefined;
    },
    read: ({ id, handle, offset, length }) => {
      const { file, flags } = this.#open(handle);
      if (!(flags & OpenFlag.READ)) throw new Refusal(Status.PERMISSION_DENIED, "Permission denied");
      if (offset >= file.size) throw new Refusal(Status.EOF, "End of file");
      const end = Math.min(file.size, offset + Math.min(length, this.#limits[1]));
      return reply.data(id, file.data.subarray(offset, end));
    },
    write: ({ handle, offset, data }) => {
      const { file, flags } = this.#open(handle);
      if (!(flags & OpenFlag.WRITE)) throw new Refusal(Status.PERMISSION_DENIED, "Permission denied");
      if (data.length > this.#limits[2]) throw failure();
      this.#files.write(file, flags & OpenFlag.APPEND ? file.size : offset, data);
      return undefined;
    },
    stat: ({ id, path }) => reply.attributes(id, attributesOf(this.#file(this.#resolve(path)))),
    lstat: ({ id, path }) => reply.attributes(id, attributesOf(this.#file(this.#resolve(path, false)))),
    fstat: ({ id, handle }) => reply.attributes(id, attributesOf(this.#open(handle).file)),
    setstat: ({ path, attributes }) => this.#set(this.#file(this.#resolve(path)), attributes),
    fsetstat: ({ handle, attributes }) => this.#set(this.#open(handle).file, attributes),
    "lsetstat@openssh.com": ({ path, attributes }) =>
      this.#set(this.#file(this.#resolve(path, false)), attributes),
    readdir: ({ id, handle }) => {
      const { names, path } = this.#open(handle);
      if (!names) throw failure();
      if (!names.length) throw new Refusal(Status.EOF, "End of file");
      const some = names.splice(0, this.#options.namesPerReply ?? 100);
      return reply.names(
        id,
        some.map((name) => this.#entry(path, name)),
      );
    },
    remove: ({ path }) => {
      const at = this.#resolve(path, false);
      if (this.#file(at).kind === "directory") throw failure();
      this.#files.files.delete(at);
      return undefined;
    },
    mkdir: ({ path, attributes }) => {
      const at = this.#resolve(path, false);
      if (this.#files.files.has(at)) throw failure();
      this.#directory(parentOf(at));
      this.#files.make(at, "directory", undefined, attributes.mode);
      return undefined;
    },
    rmdir: ({ path }) => {
      const at = this.#resolve(path, false);
      if (this.#file(at).kind !== "directory" || this.#files.names(at).length) throw failure();
      this.#files.files.delete(at);
      return undefined;
    },
    realpath: ({ id, path }) => reply.names(id, [{ name: fromKey(this.#resolve(path)) }]),
    rename: ({ from, to }) => this.#rename(from, to, false),
    "posix-rename@openssh.com": ({ from, to }) => this.#rename(from, to, true),
    symlink: ({ target, link }) => {
      const at = this.#resolve(link, false);
      if (this.#files.files.has(at)) throw failure();
      this.#directory(parentOf(at));
      this.#files.make(at, "symlink", typeof target === "string" ? utf8(target) : target.slice());
      return undefined;
    },
    readlink: ({ id, path }) => {
      const file = this.#file(this.#resolve(path, false));
      if (file.kind !== "symlink") throw failure();
      return reply.names(id, [{ name: file.data }]);
    },
    "hardlink@openssh.com": ({ from, to }) => {
      const file = this.#file(this.#resolve(from, false));
      const at = this.#resolve(to, false);
      if (this.#files.files.has(at)) throw failure();
      this.#files.files.set(at, file);
      return undefined;
    },
    "fsync@openssh.com": ({ handle }) => void this.#open(handle),
    "limits@openssh.com": ({ id }) => reply.limits(id, ...this.#limits),
    "statvfs@openssh.com": ({ id }) => fileSystem(id),
    "fstatvfs@openssh.com": ({ id }) => fileSystem(id),
    "home-directory": ({ id }) => reply.names(id, [{ name: "/" }]),
    "expand-path@openssh.com": ({ id, path }) =>
      reply.names(id, [{ name: this.#files.normal(shown(path).replace(/^~/, "/")) }]),
    "copy-data": ({ from, fromOffset, length, to, toOffset }) => {
      const source = this.#open(from).file;
      const end = length ? Math.min(source.size, fromOffset + length) : source.size;
      if (from === to) throw failure();
      this.#files.write(this.#open(to).file, toOffset, source.data.slice(fromOffset, end));
      return undefined;
    },
    "users-groups-by-id@openssh.com": ({ id, uids, gids }) =>
      reply.usersGroups(
        id,
        uids.map((uid) => (uid === 1000 ? "user" : "")),
        gids.map((gid) => (gid === 1000 ? "group" : "")),
      ),
  };

  #resolve(path: SftpPath, last = true): string {
    const at = this.#files.resolve(path, last);
    if (at === undefined) throw failure();
    return at;
  }

  #file(at: string): FakeFile {
    const file = this.#files.files.get(at);
    if (!file) throw missing();
    return file;
  }

  #directory(at: string): FakeFile {
    const file = this.#file(at);
    if (file.kind !== "directory") throw failure();
    return file;
  }

  #open(handle: Handle): OpenHandle {
    const open = this.handles.get(handle);
    if (!open) throw new Refusal(Status.FAILURE, "Failure");
    return open;
  }

  #opened(id: number, open: OpenHandle): Bytes {
    if (this.handles.size >= this.#limits[3]) throw failure();
    const handle = `handle ${this.#handle++}`;
    this.handles.set(handle, open);
    return reply.handle(id, handle);
  }

  #set(file: FakeFile, attributes: Parameters<FakeFiles["set"]>[1]): undefined {
    this.#files.set(file, attributes);
  }

  #entry(directory: string, name: string): reply.ServerEntry {
    const path = { ".": directory, "..": parentOf(directory) }[name] ?? `${directory}/${name}`;
    const file = this.#files.files.get(path.replace("//", "/"));
    const attributes = file ? attributesOf(file) : {};
    return { name: fromKey(name), longname: `${attributes.mode?.toString(8)} ${nameOf(name)}`, attributes };
  }

  #rename(from: SftpPath, to: SftpPath, overwrite: boolean): undefined {
    const source = this.#resolve(from, false);
    const target = this.#resolve(to, false);
    const file = this.#file(source);
    const old = this.#files.files.get(target);
    this.#directory(parentOf(target));
    if (source === target) return;
    if (old && !overwrite) throw failure();
    if (old && (old.kind === "directory") !== (file.kind === "directory")) throw failure();
    if (old && this.#files.names(target).length) throw failure();
    if (target.startsWith(`${source}/`)) throw failure();
    this.#files.move(source, target);
  }
}

const fileSystem = (id: number) =>
  reply.fileSystem(id, {
    ...{ bsize: 4096, frsize: 4096, blocks: 1_000_000, bfree: 500_000, bavail: 400_000 },
    ...{ files: 100_000, ffree: 50_000, favail: 50_000, fsid: 1, flag: 0, namemax: 255 },
  });
