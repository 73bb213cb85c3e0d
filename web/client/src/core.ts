/** The core entry: connecting, logging in, and one request at a time. */

import { type ConnectOptions, openConnection } from "./client/connection.ts";
import { CoreClient } from "./client/core-client.ts";

export type { Bytes } from "./bytes.ts";
export type { Abortable, Repeatable } from "./client/ask.ts";
export type {
  Connection,
  ConnectionEvents,
  ConnectionListener,
  ConnectionState,
  ConnectOptions,
  ReconnectOptions,
} from "./client/connection.ts";
export * from "./client/core-client.ts";
export { FileHandle } from "./client/file.ts";
export type { Attributes, FileType } from "./codec/attributes.ts";
export type { Entry } from "./codec/response.ts";
export * from "./errors.ts";
export type * from "./login/auth.ts";
export type * from "./login/message.ts";
export { type NamedEntry, type SftpPath, shown } from "./path.ts";
export type { Limits } from "./session/limits.ts";
export type { Session } from "./session/session.ts";
export type { OpenTransport, Transport, TransportEnd } from "./transport/transport.ts";
export * from "./transport/websocket.ts";

/** Connects and logs in. Rejects with an AuthError, a ConnectionError, a ProtocolError, or the signal's reason. */
export async function connect(url: string, options: ConnectOptions): Promise<CoreClient> {
  return new CoreClient(await openConnection(url, options));
}
