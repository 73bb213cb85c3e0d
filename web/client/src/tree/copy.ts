/** Copying on the server: by copy-data where it has that, else through here. */

import { utf8 } from "../bytes.ts";
import type { Abortable } from "../client/ask.ts";
import type { CoreClient } from "../client/core-client.ts";
import { renameOver } from "../client/rename.ts";
import { type Attributes, fileType } from "../codec/attributes.ts";
import { join, type SftpPath } from "../path.ts";
import { look, partial } from "../transfer/atomic.ts";
import { decide, numbered, type OnConflict } from "../transfer/conflict.ts";
import { copyFile, wrong } from "./copy-file.ts";
import { makeDirectory } from "./mkdir.ts";
import { failure, named, split } from "./names.ts";
import { inPool, quiet } from "./pool.ts";
import { eachBelow } from "./walk.ts";

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
  /** Times of files, and their permissions whatever the umask; not owners, set-user-id and set-group-id. */
  readonly preserve?: boolean;
  /** `false`: never by the extension copy-data. */
  readonly copyData?: boolean;
  /** Called after each thing, and each piece of a large one. */
  readonly onProgress?: (progress: CopyProgress) => void;
}

/** Files side by side. */
const WIDTH = 8;
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
  const { signal = new AbortController().signal, recursive, conflict, onProgress } = options;
  const on = { signal };
  const [source, target] = [named("copy", from), named("copy", to)];
  const top = await client.lstat(source, on);
  const [real = "", place] = await Promise.all([source, target].map((path) => realName(client, path, on)));
  if (place?.startsWith(real)) throw failure("copy", to, "a copy cannot be within itself");

  let files = 0;
  let bytes = 0;
  let failed = 0;
  const tell = () => onProgress?.({ files, bytes, failed });
  const report = (more: number) => {
    bytes += more;
    tell();
  };

  /** One thing, without what is in it. */
  const one = async (from: SftpPath, wanted: SftpPath, attributes: Attributes) => {
    const type = fileType(attributes);
    if (type === "directory" && recursive) {
      const mode = ((attributes.mode ?? 0) & 0o777) | 0o700;
      return makeDirectory(client, wanted, { signal, mode }, "lstat");
    }
    if (type !== "file" && type !== "symlink") throw wrong(from, attributes);
    const [path, taken] = await settle(client, wanted, attributes, signal, conflict);
    if (!path) return;
    const part = partial(path);
    try {
      if (type === "symlink") await client.symlink(await client.readlink(from, on), part, on);
      else await copyFile(client, from, part, attributes, { ...options, signal, report });
      await (taken ? renameOver(client, part, path, on) : client.rename(part, path, on));
    } catch (error) {
      quiet(client.unlink(part, { signal: AbortSignal.timeout(TIDY) }));
      throw error;
    }
    files++;
    tell();
  };

  await one(source, target, top);
  if (fileType(top) !== "directory") return;
  const counted = (failures: number) => {
    failed = failures;
    tell();
  };
  await inPool({ limit: WIDTH, signal, report: counted }, (pool) =>
    eachBelow(client, source, target, pool, { signal, strict: true }, async ({ path, entry }, above) => {
      const to = join(above, entry);
      await one(path, to, entry.attributes);
      return to;
    }),
  );
}

/** Where it is, whatever links lead there: bytes, as text, of which that of a directory begins that of what is in it. */
async function realName(client: CoreClient, path: SftpPath, on: Abortable): Promise<string> {
  const [directory, name] = split(path);
  const above = await client.realpath(directory.length ? directory : ".", on);
  const whole = join(above, typeof name === "string" ? name : { name: "", rawName: name });
  return `${typeof whole === "string" ? utf8(whole) : whole},47`;
}

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
