/** Uploads: one file, from a Blob or a stream, to a path of the server. Its final name never shows a file that is not complete. */

import type { CoreClient } from "../client/core-client.ts";
import { fsync } from "../client/extensions.ts";
import type { FileHandle } from "../client/file.ts";
import { renameOver } from "../client/rename.ts";
import { aborted } from "../client/wait.ts";
import { type Attributes, fileType } from "../codec/attributes.ts";
import { ConnectionError, SftpError } from "../errors.ts";
import { type SftpPath, shown } from "../path.ts";
import { closing, isFile, isMissing, isRefused, look, partial, unless } from "./atomic.ts";
import { onEachSession } from "./attempts.ts";
import { identity, recordIn } from "./checkpoint.ts";
import { decide, numbered } from "./conflict.ts";
import type { UploadOptions, UploadResult } from "./options.ts";
import { blobSource, streamSource } from "./source.ts";
import { Transfer, type TransferControl, TransferError } from "./transfer.ts";
import { compare, TAIL, VerifyError, verifyUpload } from "./verify.ts";
import { writeAll } from "./writes.ts";

/** Begins at once. What a lost connection interrupts goes on where the server's acknowledgements ended. */
export const upload = (
  client: CoreClient,
  source: Blob | ReadableStream<Uint8Array>,
  path: SftpPath,
  options: UploadOptions = {},
): Transfer<UploadResult> =>
  new Transfer((control) => run(client, source, path, options, control), options.signal);

/** The largest window: before the end of a file by so much, whatever order a server wrote in, there is no gap. */
const REWIND = 16 << 20;
/** Milliseconds for what is tidied up behind a transfer that failed. */
const TIDY = 10_000;
/** How many names are tried. */
const NUMBERS = 9999;

/** Thrown where the target is to be left as it is. */
const SKIP = Symbol();

async function run(
  client: CoreClient,
  given: Blob | ReadableStream<Uint8Array>,
  path: SftpPath,
  options: UploadOptions,
  control: TransferControl,
): Promise<UploadResult> {
  if (/(^|\/)\.{0,2}$/.test(shown(path))) throw new TransferError("not-a-file", path, "names no file");
  const { signal, report } = control;
  const { connection } = client;
  const { conflict = "error", atomic, checkpoint, preserveMtime, verify = "size" } = options;
  const blob = given instanceof Blob && given;
  const source = blob ? blobSource(blob, path) : streamSource(given as ReadableStream, path);
  const { modified } = source;
  const verified = verify && !blob ? "size" : verify;
  const record = recordIn(checkpoint, identity(connection, given as Partial<File>, path));
  let target = path;
  /** What is written in place of the target until it is complete; nothing where the target itself is. */
  let part: SftpPath | undefined;
  /** Whether that is decided. */
  let chosen = false;
  /** The target may be replaced. */
  let replacing = false;
  let resuming = false;
  /** Those that were asked for, or those of the file whose place is taken. */
  let { mode } = options;
  /** The name without a number, and the number: for the policy `rename`. */
  let unnumbered: SftpPath | undefined;
  let number = 1;
  /** What is written is there, and is gone on with; where it was asked for without an answer, it may be there. */
  let opened = false;
  let asked: SftpPath | undefined;
  /** What is written is there only by this upload: it may be removed. */
  let ours = false;
  let acknowledged = 0;
  let resumed = 0;
  /** The partial file may have the target's name by now. */
  let moving = false;

  /** How far it is: to the caller, and to the store now and then, or now. */
  function tell(now: boolean): void {
    report({ bytes: acknowledged, resumed });
    record.write(acknowledged, part ?? target, now);
  }

  /** Until the target's name is free, or may be replaced. */
  async function settle(): Promise<void> {
    while (!replacing) {
      const found = await look(client, target, control);
      if (!found) return;
      // What was asked for, and has come without an answer, is this upload's own.
      if (!part && asked === target && !found.size) opened = replacing = true;
      else if (!unnumbered) await resolve(found);
      else target = numbered(unnumbered, ++number);
      if (number > NUMBERS) throw new TransferError("exists", target, "exists");
    }
  }

  async function resolve(found: Attributes): Promise<void> {
    const [real, file] = await follow(found);
    const what = { path: target, source: { size: source.size, modified }, target: file };
    const decision = await decide(conflict, what, signal);
    if (decision === "skip") throw SKIP;
    if (typeof decision === "object") target = decision.path;
    else if (decision === "rename") unnumbered = target;
    else {
      target = real;
      replacing = true;
      resuming = decision === "resume";
      mode ??= file.mode && file.mode & 0o777;
    }
  }

  /** What a link leads to is replaced, and the link stays. One that leads nowhere, or nobody knows where, stands for itself. */
  async function follow(found: Attributes): Promise<[SftpPath, Attributes]> {
    if (fileType(found) !== "symlink") return [target, found];
    const real = await client.realpath(target, control).catch(unless(isRefused, target));
    return [real, (await look(client, real, control)) ?? found];
  }

  /** Does what needs the target's name to be free, with another name if need be. */
  async function claim<T>(step: () => Promise<T>): Promise<T> {
    for (;;) {
      const before = target;
      try {
        return await step();
      } catch (error) {
        if (replacing || !isRefused(error)) throw error;
        await settle();
        // Nothing is in the way.
        if (before === target && !replacing) throw error;
      }
    }
  }

  /**
   * Goes on with a file that is the beginning of the source, as far as it was acknowledged; where nobody knows, without the last
   * bytes of it, which may have gaps. If the 64 KiB before are not the same a partial file is begun again, and another is left alone.
   */
  async function goOn(at: SftpPath, known?: number): Promise<boolean> {
    const there = await look(client, at, control);
    // Through no link that somebody may have put there.
    if (!blob || !there || !isFile(there)) return false;
    const end = await same(blob, at, there.size ?? 0, known);
    if (at !== target) part = at;
    else if (!end) return false;
    ours = !!part;
    opened = true;
    acknowledged = resumed = end;
    return true;
  }

  /** How much of it is known to be the same. */
  async function same(blob: Blob, at: SftpPath, size: number, known = size - REWIND): Promise<number> {
    const end = Math.min(known, size);
    if (size > blob.size || end <= 0) return 0;
    const file = await client.open(at, control);
    const compared = compare(file, blob, Math.max(0, end - TAIL), end, signal).then(
      () => end,
      unless((error) => error instanceof VerifyError, 0),
    );
    return closing(file, compared, signal);
  }

  /** Where to write. */
  async function choose(): Promise<void> {
    const found = await record.read(signal);
    const inPlace = found && shown(found.partialPath) === shown(target);
    if (inPlace && !atomic && (await goOn(target, found.acknowledged))) return;
    await settle();
    if (resuming && !atomic && (await goOn(target))) return;
    if (found && !inPlace && (await goOn(found.partialPath, found.acknowledged))) return;
    if (atomic !== false) part = partial(target);
  }

  /** A partial file that was asked for is nobody else's, whether or not an answer came. */
  const isThere = () => opened || !!(part && asked);

  /** The permissions, so that it can be opened again. */
  const forOwner = () => (mode === undefined ? {} : { mode: mode | 0o600 });

  async function openOnce(): Promise<FileHandle> {
    const before = asked;
    const again = isThere();
    const exclusive = !again && !(replacing && !part);
    if (!again) ours = exclusive;
    asked = part ?? target;
    if (again && mode !== undefined)
      await client.setAttributes(asked, forOwner(), control).catch(unless(isRefused));
    try {
      const file = await client.open(asked, {
        write: true,
        create: true,
        exclusive,
        truncate: !exclusive && !acknowledged,
        ...forOwner(),
        signal,
      });
      opened = true;
      return file;
    } catch (error) {
      if (error instanceof SftpError) asked = before;
      throw error;
    }
  }

  async function open(): Promise<FileHandle> {
    if (part)
      try {
        return await openOnce();
      } catch (error) {
        if (opened || atomic || !isRefused(error) || (replacing && error.code !== "EACCES")) throw error;
        part = undefined;
      }
    return claim(openOnce);
  }

  /** All bytes, and then the attributes, since writing changes the times. */
  async function write(file: FileHandle): Promise<void> {
    if (acknowledged) acknowledged = Math.min(acknowledged, (await file.stat(control)).size ?? 0);
    tell(true);
    await writeAll(file, source, acknowledged, control, !part, (offset, underWay) => {
      acknowledged = offset;
      tell(control.paused && !underWay);
    });
    await control.running();
    const attributes: Attributes = mode === undefined ? {} : { mode };
    if (preserveMtime && modified !== undefined)
      attributes.atime = attributes.mtime = Math.min(Math.max(0, Math.floor(modified / 1000)), 0xffffffff);
    if (Object.keys(attributes).length)
      await file.setAttributes(attributes, control).catch(
        // Nobody asked for it.
        unless((error) => !preserveMtime && options.mode === undefined && isRefused(error)),
      );
    if (options.fsync) await fsync(file, control).catch(unless((error) => error.code === "ENOTSUP"));
  }

  /** The partial file takes the target's name. */
  async function move(from: SftpPath): Promise<void> {
    const { extensions } = await connection.session(signal);
    // A server that has a request of its own for replacing does not replace otherwise; of others nobody knows.
    if (!extensions.has("posix-rename@openssh.com")) await settle();
    moving = true;
    // Not broken off half-way: where it goes on, it ends with the old file or the new one at its place.
    await (replacing
      ? aborted(renameOver(client, from, target), signal)
      : client.rename(from, target, control));
  }

  /** Whether the partial file has got its name by a request whose response was lost. */
  async function landed(): Promise<boolean> {
    if (!moving || !part || (await look(client, part, control))) return false;
    const there = await look(client, target, control);
    return !!there && (there.size ?? source.size) === source.size;
  }

  async function work(): Promise<void> {
    await control.running();
    if (!chosen) await choose();
    chosen = true;
    if (await landed()) return;
    const file = await open();
    await closing(file, write(file), signal);
    // When it is closed, since some servers only write then.
    if (verified) await verifyUpload(client, part ?? target, source.size ?? 0, blob, verified, signal);
    const from = part;
    if (from) await claim(() => move(from));
  }

  const attempt = () =>
    work().catch(async (error) => {
      // The name was given after all, by a session that was thought to be over.
      if (isMissing(error) && (await landed())) return;
      if (error instanceof ConnectionError) await source.check?.(signal);
      throw error;
    });

  const remove = () => client.unlink(part ?? target, { signal: AbortSignal.timeout(TIDY) });

  /** Behind the back of whoever was told that it failed: keeps what another upload can go on with, or removes it. */
  async function tidy(error: unknown): Promise<void> {
    const lost = [ConnectionError, SftpError].some((kind) => error instanceof kind);
    const { keepPartial = lost && checkpoint && !signal.aborted } = options;
    if (keepPartial && (lost || signal.aborted)) return isThere() ? tell(true) : undefined;
    record.delete();
    // At the final name, only what is known to be from here. Once more where the connection is lost just now.
    if (ours && isThere()) await remove().catch(part ? remove : undefined);
  }

  report({ total: source.size });
  try {
    await onEachSession(connection, control, () => acknowledged, attempt, options.retry);
    record.delete();
    return { path: target, bytes: source.size ?? 0, resumed, verified };
  } catch (error) {
    tidy(error).catch(() => {});
    if (error !== SKIP) throw error;
    return { path: target, bytes: 0, resumed: 0, skipped: true, verified: false };
  } finally {
    source.cancel?.(signal.reason);
  }
}
