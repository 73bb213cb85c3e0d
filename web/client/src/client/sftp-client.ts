/** The whole client: the operations of the core, and everything that takes more than one request. */

import type { Attributes } from "../codec/attributes.ts";
import type { Feature, FileHashes, FileSystem, HashedRange } from "../codec/extensions.ts";
import * as codec from "../codec/extensions.ts";
import type { Entry } from "../codec/response.ts";
import type { SftpPath } from "../path.ts";
import { type ChecksumOptions, checksum } from "../transfer/checksum.ts";
import { type DownloadOptions, type DownloadResult, download } from "../transfer/download.ts";
import type { UploadOptions } from "../transfer/options.ts";
import type { ByteRange } from "../transfer/reading.ts";
import type { Sink } from "../transfer/sink.ts";
import { readable, type WritableOptions, writable } from "../transfer/streams.ts";
import type { Transfer } from "../transfer/transfer.ts";
import { upload } from "../transfer/upload.ts";
import { type CopyOptions, copy } from "../tree/copy.ts";
import {
  type DownloadFolderOptions,
  downloadFolder,
  type FolderTarget,
  type UploadFolderOptions,
  uploadFolder,
} from "../tree/folder.ts";
import { type ListOptions, list, readdir } from "../tree/list.ts";
import { type MkdirOptions, makeDirectories } from "../tree/mkdir.ts";
import { type RemoveOptions, remove } from "../tree/remove.ts";
import type { SourceEntry } from "../tree/source.ts";
import { type Step, type WalkOptions, walk } from "../tree/walk.ts";
import type { Abortable } from "./ask.ts";
import { CoreClient } from "./core-client.ts";
import { type CopyRange, checkFile, copyData, extended, fsync, homeDirectory } from "./extensions.ts";
import type { FileHandle } from "./file.ts";
import { type Resumption, resumption } from "./reconnect.ts";
import { renameOver } from "./rename.ts";

/** The whole client: what the core has, and what takes more than one request. Made by `connect`. */
export class SftpClient extends CoreClient {
  /** Whether the server has an extension, in the version that is known here. Another session may be of another server. */
  async supports(feature: Feature, options?: Abortable): Promise<boolean> {
    const { extensions } = await this.connection.session(options?.signal);
    return codec.announces(extensions, feature);
  }

  /** With `overwrite` it replaces a file that is there; without, it fails if the server keeps to the draft. See `renameOver`. */
  override rename(from: SftpPath, to: SftpPath, options?: Abortable & { readonly overwrite?: boolean }) {
    return options?.overwrite ? renameOver(this, from, to, options) : super.rename(from, to, options);
  }

  /** `followLinks: false` is for the link itself (`lsetstat@openssh.com`), of which a size cannot be set. */
  override async setAttributes(
    path: SftpPath,
    attributes: Attributes,
    options?: Abortable & { readonly followLinks?: boolean },
  ): Promise<void> {
    return options?.followLinks === false
      ? extended(this, path, codec.lsetstat(path, attributes), options)
      : super.setAttributes(path, attributes, options);
  }

  /** A hard link at `path`: another name for the same file. */
  async link(existing: SftpPath, path: SftpPath, options?: Abortable): Promise<void> {
    return extended(this, path, codec.hardlink(existing, path), options);
  }

  /** The file system that holds a file: what is free on it. */
  async statvfs(at: SftpPath | FileHandle, options?: Abortable): Promise<FileSystem> {
    return extended(this, at, codec.statvfs(at), options);
  }

  /** Resolves when what was written is on the server's disk. */
  fsync(file: FileHandle, options?: Abortable): Promise<void> {
    return fsync(file, options);
  }

  /** The absolute path of a relative one, of `~`, `~/…` and `~user/…`. */
  async expandPath(path: SftpPath, options?: Abortable): Promise<SftpPath> {
    return extended(this, path, codec.expandPath(path), options);
  }

  /** Of a user; of the one who is logged in without a name. */
  homeDirectory(user?: string, options?: Abortable): Promise<SftpPath> {
    return homeDirectory(this, user, options);
  }

  /** Names of ids, in their order: an empty one where the server knows none. A RangeError for more than 4,000. */
  async usersAndGroups(
    uids: readonly number[],
    gids: readonly number[],
    options?: Abortable,
  ): Promise<{ users: string[]; groups: string[] }> {
    return extended(this, "", codec.usersGroupsById(uids, gids), options);
  }

  /** Copies on the server, between two files of one session. */
  copyData(from: FileHandle, to: FileHandle, range?: CopyRange): Promise<void> {
    return copyData(from, to, range);
  }

  /** Hashes of a file, as the server finds them. */
  checkFile(at: SftpPath | FileHandle, range: HashedRange & Abortable): Promise<FileHashes> {
    return checkFile(this, at, range);
  }

  /** A file, or a range of it, to a sink; to a Blob in the result without one. */
  download(path: SftpPath, sink?: Sink, options?: DownloadOptions): Transfer<DownloadResult> {
    return download(this, path, sink, options);
  }

  /** The bytes of a file, or a range of it. */
  readable(path: SftpPath, options?: ByteRange & Abortable): ReadableStream<Uint8Array<ArrayBuffer>> {
    return readable(this, path, options);
  }

  /** Writes a file; a new or empty one without options. */
  writable(path: SftpPath, options?: WritableOptions): WritableStream<Uint8Array> {
    return writable(this, path, options);
  }

  /** The checksum of a file in hexadecimal: `sha256` unless another is named. */
  checksum(path: SftpPath, algorithm?: string, options?: ChecksumOptions): Promise<string> {
    return checksum(this, path, algorithm, options);
  }

  /** For another page to go on with this login after `detach`; nothing where the bridge keeps none. As secret as a password. */
  get resumption(): Resumption | undefined {
    return resumption(this.connection);
  }

  /** Closes so that the login outlives this page for a while, as before a reload; returns what leads back to it. */
  detach(): Resumption | undefined {
    const { resumption } = this;
    this.connection.close(4001);
    return resumption;
  }

  /** Begins at once; see `UploadOptions` for what is done where the target is there already. */
  upload(source: Blob | ReadableStream<Uint8Array>, path: SftpPath, options?: UploadOptions) {
    return upload(this, source, path, options);
  }

  /** The entries of a directory as they come, without `.` and `..`. Breaking out of it ends the listing. */
  list(path: SftpPath, options?: ListOptions): AsyncIterable<Entry[]> {
    return list(this, path, options);
  }

  /** All entries of a directory, without `.` and `..`, in the server's order. */
  override readdir(path: SftpPath, options?: ListOptions): Promise<Entry[]> {
    return readdir(this, path, options);
  }

  /** Everything below a directory; links are not followed. */
  walk(path: SftpPath, options?: WalkOptions): AsyncIterable<Step> {
    return walk(this, path, options);
  }

  /** With `recursive` those above it, too; then one that is there is fine. */
  override mkdir(path: SftpPath, options: MkdirOptions = {}): Promise<void> {
    return options.recursive ? makeDirectories(this, path, options) : super.mkdir(path, options);
  }

  /** A file, a link, or a directory; with all that is in it if `recursive`. Links are not followed. */
  remove(path: SftpPath, options?: RemoveOptions): Promise<void> {
    return remove(this, path, options);
  }

  /** On the server: a file, a link as a link, or a directory with all that is in it if `recursive`. */
  copy(from: SftpPath, to: SftpPath, options?: CopyOptions): Promise<void> {
    return copy(this, from, to, options);
  }

  /** Many files with their directories, such as `entriesOf` gives. */
  uploadFolder(
    source: AsyncIterable<SourceEntry> | Iterable<SourceEntry>,
    path: SftpPath,
    options?: UploadFolderOptions,
  ) {
    return uploadFolder(this, source, path, options);
  }

  /** What is in a directory, to one such as `folderTarget` makes. */
  downloadFolder(path: SftpPath, target: FolderTarget, options?: DownloadFolderOptions) {
    return downloadFolder(this, path, target, options);
  }
}
