/** Copying on the server: by copy-data where it has that, else through here. */

import { utf8 } from "../bytes.ts";
import type { Abortable } from "../client/ask.ts";
import type { CoreClient } from "../client/core-client.ts";
import { copyData } from "../client/extensions.ts";
import type { FileHandle } from "../client/file.ts";
import { renameOver } from "../client/rename.ts";
import { type Attributes, type FileType, fileType } from "../codec/attributes.ts";
import { join, type SftpPath } from "../path.ts";
import { look, partial } from "../transfer/atomic.ts";
import { decide, numbered, type OnConflict } from "../transfer/conflict.ts";
import { reading } from "../transfer/reading.ts";
import { windowOf } from "../window/shared.ts";
import { makeDirectory } from "./mkdir.ts";
import { failure, named, refused, split } from "./names.ts";
import { Failures, lastFirst, Pool, quiet } from "./pool.ts";
import { type Step, walk } from "./walk.ts";

/** How far it is. */
export interface CopyProgress {
  readonly files: number;
  readonly bytes: number;
  readonly failed: number;
}

/** How to copy. */
export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Copies directories, too, with what is in them. */
  readonly recursive?: boolean;
  /** For files and links; `error` without it. Directories that are there are kept and filled. */
  readonly conflict?: OnConflict;
  /** Times, and permissions whatever the umask; not owners, set-user-id and set-group-id of files. */
  readonly preserve?: boolean;
  /** `false`: never by the extension copy-data. */
  readonly copyData?: boolean;
  /** Called after each thing, and each piece of a large one. */
  readonly onProgress?: (progress: CopyProgress) => void;
}

/** Bytes that one copy-data request is for: a larger one would keep all others waiting, without a word of progress. */
const PIECE = 2 ** 24;
/** Files side by side. */
const WIDTH = 8;
/** WRITEs of a file under way at most. */
const WRITES = 32;
/** Milliseconds for what is tidied up behind a copy that failed. */
const TIDY = 10_000;
/** How many names are tried. */
const NUMBERS = 9999;

/**
 * Copies a file, a link as a link, or a directory. Files get their name when they are complete; one that is broken off may
 * leave a hidden one that ends in `.part`. What cannot be copied does not stop the rest and is told by a TreeError at the end;
 * so are devices, sockets and FIFOs. Refused for a directory into itself.
 *
 * Somebody who may write in the tree can replace a file by a link while it is copied. Each file is looked at right before
 * OPEN, without a round trip between the two, yet SFTP version 3 cannot do both in one. A file that becomes a FIFO in that
 * moment makes many servers wait for a writer, and the session with them.
 */
export async function copy(
  client: CoreClient,
  from: SftpPath,
  to: SftpPath,
  options: CopyOptions = {},
): Promise<void> {
  const { signal = new AbortController().signal, recursive, preserve, onProgress } = options;
  const on = { signal };
  const control = { signal, paused: false, report() {}, async running() {} };
  const [source, target] = [named("copy", from), named("copy", to)];
  const top = await client.lstat(source, on);
  const [real = "", place] = await Promise.all([source, target].map((path) => realName(client, path, on)));
  if (`${place}/`.startsWith(`${real}/`)) throw failure("copy", to, "a copy cannot be within itself");

  const failures = new Failures();
  let files = 0;
  let bytes = 0;
  const report = (more = 0) => {
    bytes += more;
    onProgress?.({ files, bytes, failed: failures.count });
  };

  /** Directories by their depth. */
  const made: [SftpPath, Attributes][][] = [];
  /** One thing, without what is in it. Gives where a directory was made. */
  const one = async (
    from: SftpPath,
    wanted: SftpPath,
    attributes: Attributes,
    depth = 0,
  ): Promise<SftpPath | undefined> => {
    const type = fileType(attributes);
    if (type === "directory" && recursive) {
      const { mode = 0 } = attributes;
      await makeDirectory(client, wanted, { signal, mode: (mode & 0o777) | 0o700 }, "lstat");
      made[depth] ??= [];
      if (preserve) made[depth].push([wanted, attributes]);
      return wanted;
    }
    if (type !== "file" && type !== "symlink") throw wrong(from, type);
    const [path, taken] = await settle(client, wanted, attributes, signal, options.conflict);
    if (!path) return;
    const part = partial(path);
    const make = async () => {
      if (type === "symlink") await client.symlink(await client.readlink(from, on), part, on);
      else await file(from, part, attributes);
      await (taken ? renameOver(client, part, path, on) : client.rename(part, path, on));
    };
    await make().catch((error) => {
      quiet(client.unlink(part, { signal: AbortSignal.timeout(TIDY) }));
      throw error;
    });
    files++;
    report();
    return;
  };

  const file = async (from: SftpPath, part: SftpPath, { mode = 0 }: Attributes) => {
    const how = { write: true, create: true, exclusive: true, mode: mode & 0o777, signal };
    const target = await client.open(part, how);
    const { session } = target;
    const { write } = session.limits;
    const found = quiet(client.lstat(from, on));
    let at = 0;
    const begin = async (source: FileHandle) => {
      const attributes = await found;
      const type = fileType(attributes);
      const { size = 0 } = attributes;
      if (type !== "file") throw wrong(from, type);
      try {
        while (options.copyData !== false && at < size) {
          const length = Math.min(PIECE, size - at);
          await copyData(source, target, { offset: at, length, toOffset: at, signal });
          at += length;
          report(length);
        }
      } catch (error) {
        // Not between these two file systems, say.
        refused(error);
      }
      // OpenSSH says yes, too, where the file is shorter by now.
      if (at) at = Math.min(at, (await target.stat(on)).size ?? at);
      return at;
    };
    const send = async (offset: number, data: Uint8Array<ArrayBuffer>) => {
      const permit = await windowOf(session, "write").reserve(data.length, signal);
      try {
        permit.sent();
        await target.write(offset, data, on);
        permit.delivered(data.length);
        report(data.length);
      } finally {
        permit.dropped();
      }
    };
    const work = async (pool: Pool) => {
      // Through here, what the server did not copy.
      for await (const chunk of reading(client, from, { begin, retry: { attempts: 0 } }, control))
        for (let start = 0; start < chunk.length; start += write) {
          const [offset, data] = [at, chunk.slice(start, start + write)];
          at += data.length;
          await pool.add(() => send(offset, data));
        }
    };
    try {
      await Pool.run(WRITES, work);
      if (preserve) await target.setAttributes(kept(await found, 0o777), on);
    } catch (error) {
      quiet(target.close());
      throw error;
    }
    await target.close(on);
  };

  await one(source, target, top);
  if (fileType(top) !== "directory") return;
  const attempt = <T>(path: SftpPath, task: () => Promise<T>) =>
    failures.try(path, signal, task).finally(report);
  /** Nothing for a directory that could not be made, which has been told. */
  const targets = new WeakMap<Step, Promise<SftpPath | undefined>>();
  const each = async ({ path, depth, parent, entry }: Step) => {
    const above = parent?.depth ? await targets.get(parent) : target;
    return above && attempt(path, () => one(path, join(above, entry), entry.attributes, depth));
  };
  const onError = (error: Error, { path }: Step) => failures.add(path, error);
  await Pool.run(WIDTH, async (pool) => {
    for await (const step of walk(client, source, { signal, strict: true, onError }))
      await pool.add(() => {
        const copied = each(step);
        targets.set(step, copied);
        return copied;
      });
    await lastFirst(made, pool, ([path, attributes]) =>
      attempt(path, () => client.setAttributes(path, kept(attributes, 0o3777), on)),
    );
  });
  failures.check();
}

/** Where it is, whatever links lead there. One character for each byte. */
async function realName(client: CoreClient, path: SftpPath, on: Abortable): Promise<string> {
  const [directory, name] = split(path);
  const above = await client.realpath(directory.length ? directory : ".", on);
  const whole = join(above, typeof name === "string" ? name : { name: "", rawName: name });
  return new TextDecoder("latin1").decode(typeof whole === "string" ? utf8(whole) : whole);
}

const wrong = (path: SftpPath, type: FileType) => failure("copy", path, `it is of type ${type}`);

/** Where to copy to, and whether something is there that is to be replaced. Nothing where that is to be left. */
async function settle(
  client: CoreClient,
  wanted: SftpPath,
  { size, mtime }: Attributes,
  signal: AbortSignal,
  conflict: OnConflict = "error",
): Promise<[path?: SftpPath, taken?: boolean]> {
  const source = { size, modified: mtime && mtime * 1000 };
  let path = wanted;
  for (let number = 1; number < NUMBERS; ) {
    const found = await look(client, path, { signal });
    if (!found) return [path];
    // A link is replaced itself, so that it is as good as a file.
    const { mode, ...rest } = found;
    const target = fileType(found) === "symlink" ? rest : found;
    const decision = number > 1 ? "rename" : await decide(conflict, { path, source, target }, signal);
    if (decision === "skip") return [];
    if (decision === "rename") path = numbered(wanted, ++number);
    else if (typeof decision === "object") path = decision.path;
    else return [path, true];
  }
  throw failure("copy", wanted, "no name is free");
}

/** What `preserve` keeps. */
const kept = ({ mode = 0, atime, mtime }: Attributes, mask: number) =>
  ({ mode: mode & mask, atime, mtime }) as Attributes;
