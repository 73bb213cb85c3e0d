/** What a client in a worker looks like from the page: the same methods, derived from the client's type. */

import type { ConnectionEvents, ConnectOptions } from "../client/connection.ts";
import type { FileHandle } from "../client/file.ts";
import type { SftpClient } from "../client/sftp-client.ts";
import type { Transfer } from "../transfer/transfer.ts";

// biome-ignore lint/suspicious/noExplicitAny: for inference
type Any = any;

/** Everything but the session, which stays in the worker. */
export type RemoteFile = { readonly [K in Exclude<keyof FileHandle, "session">]: FileHandle[K] };

/** As a Transfer; its progress comes ten times a second at most, and at the end. */
export type RemoteTransfer<Result> = Pick<Transfer<Result>, keyof Transfer<Result>>;

type Result<R> =
  R extends Transfer<infer T>
    ? RemoteTransfer<T>
    : R extends PromiseLike<FileHandle>
      ? Promise<RemoteFile>
      : R extends Promise<Any> | ReadableStream | WritableStream | AsyncIterable<Any>
        ? R
        : Promise<R>;

type Member<M> = M extends (...args: infer A) => infer R ? (...args: A) => Result<R> : M;

/**
 * The client's methods, each with a promise where there was none. Properties are as the worker told last. After the worker's death
 * everything is rejected with a ConnectionError, and the state is `closed`.
 */
export type RemoteClient = {
  readonly [K in Exclude<keyof SftpClient, "connection" | "fsync" | "copyData">]: Member<SftpClient[K]>;
} & {
  /** State and notices, until the function that is returned is called. */
  listen(listener: (event: Partial<ConnectionEvents>) => void): () => void;
};

/** How connections are opened is the worker's to say: see `serve`. */
export type RemoteConnectOptions = Omit<ConnectOptions, "transport">;
