/** A connection that opens another session when the last is lost, without the login: what transfers need of `Connection`. */

import type { Connection, ConnectionState } from "../../src/client/connection.ts";
import { twice } from "../../src/client/reconnect.ts";
import { SftpClient } from "../../src/client/sftp-client.ts";
import { ConnectionError } from "../../src/errors.ts";
import { Session } from "../../src/session/session.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { useWindows } from "../../src/window/shared.ts";
import type { ByteWindow } from "../../src/window/window.ts";

export class Reconnecting
  implements Pick<Connection, "url" | "ready" | "session" | "run" | "close" | "state">
{
  readonly url = "ws://user:secret@fake/sftp?ticket=secret";
  readonly ready = undefined;
  /** Sessions that were opened. */
  opened = 0;
  state: ConnectionState = "ready";
  readonly #open: () => Promise<Transport>;
  readonly #window: () => ByteWindow;
  #session: Promise<Session> | undefined;

  constructor(open: () => Promise<Transport>, window: () => ByteWindow) {
    this.#open = open;
    this.#window = window;
  }

  readonly run = twice(this as unknown as Connection);

  session(): Promise<Session> {
    if (this.state === "closed") return Promise.reject(new ConnectionError("closed", 1000, "", false));
    this.#session ??= this.#next();
    return this.#session;
  }

  async close(): Promise<void> {
    this.state = "closed";
    (await this.#session?.catch(() => undefined))?.close();
  }

  async #next(): Promise<Session> {
    try {
      const session = await Session.open(await this.#open());
      this.opened++;
      useWindows(session, { read: this.#window(), write: this.#window() });
      session.closed.then(() => {
        this.#session = undefined;
      });
      return session;
    } catch (error) {
      this.#session = undefined;
      throw error;
    }
  }
}

/** A client that comes back at once. */
export const reconnecting = (open: () => Promise<Transport>, window: () => ByteWindow): SftpClient =>
  new SftpClient(new Reconnecting(open, window) as unknown as Connection);
