/** The main entry: everything but the worker, the service worker and the key store, which have entries of their own. */

import type { ConnectOptions } from "./client/connection.ts";
import { openReconnecting } from "./client/reconnect.ts";
import { SftpClient } from "./client/sftp-client.ts";

export type { CopyRange } from "./client/extensions.ts";
export type { Resumption } from "./client/reconnect.ts";
export * from "./client/sftp-client.ts";
export type { Feature, FileHashes, FileSystem, HashedRange } from "./codec/extensions.ts";
export * from "./core.ts";
export { join } from "./path.ts";
export type { RetryOptions } from "./transfer/attempts.ts";
export { type Checkpoint, type CheckpointStore, MemoryCheckpoints } from "./transfer/checkpoint.ts";
export * from "./transfer/checkpoint-indexeddb.ts";
export type { ChecksumOptions } from "./transfer/checksum.ts";
export type { Conflict, ConflictDecision, ConflictPolicy, OnConflict } from "./transfer/conflict.ts";
export type { DownloadOptions, DownloadResult } from "./transfer/download.ts";
export type { UploadOptions, UploadResult } from "./transfer/options.ts";
export type { ByteRange } from "./transfer/reading.ts";
export type { FileSink, Sink, SinkOptions, WritableFile, WritingSink } from "./transfer/sink.ts";
export type { WritableOptions } from "./transfer/streams.ts";
export * from "./transfer/transfer.ts";
export { type Verification, VerifyError } from "./transfer/verify.ts";
export type { FolderProgress, FolderResult, FolderTransfer, Parallel } from "./tree/batch.ts";
export type { CopyOptions, CopyProgress } from "./tree/copy.ts";
export {
  type DownloadFolderOptions,
  type FolderTarget,
  folderTarget,
  localName,
  type UploadFolderOptions,
} from "./tree/folder.ts";
export type { ListOptions } from "./tree/list.ts";
export type { MkdirOptions } from "./tree/mkdir.ts";
export { type Failure as TreeFailure, TreeError } from "./tree/pool.ts";
export * from "./tree/queue.ts";
export type { RemoveOptions, RemoveProgress } from "./tree/remove.ts";
export * from "./tree/source.ts";
export type { Step, WalkOptions } from "./tree/walk.ts";

/**
 * Connects and logs in. Rejects with an AuthError, a ConnectionError, a ProtocolError, or the signal's reason. Once
 * connected, it connects again by itself, unless `reconnect` is `false`.
 */
export async function connect(url: string, options: ConnectOptions): Promise<SftpClient> {
  return new SftpClient(await openReconnecting(url, options));
}
