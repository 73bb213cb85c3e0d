/** A connection with sessions that a function answers, for tests of single operations. Opening is not among the requests. */

import type { Connection, ConnectionState } from "../../src/client/connection.ts";
import { twice } from "../../src/client/reconnect.ts";
import { ConnectionError } from "../../src/errors.ts";
import { Session } from "../../src/session/session.ts";
import type { Transport } from "../../src/transport/transport.ts";
import * as server from "./server-codec.ts";

/** Bytes of a reply, or the loss of the connection; nothing leaves the client waiting. */
export type Answer = (request: server.ServerRequest) => Uint8Array | "lost" | undefined;

export class Scripted {
  readonly requests: server.ServerRequest[] = [];
  state: ConnectionState = "ready";
  /** Whether a lost connection is made again. */
  reconnects = true;
  answer: Answer;
  readonly #extensions: Readonly<Record<string, string>>;
  #session: Promise<Session>;

  constructor(answer: Answer, extensions: Readonly<Record<string, string>> = {}) {
    this.answer = answer;
    this.#extensions = extensions;
    this.#session = this.#open();
  }

  get connection(): Connection {
    return this as unknown as Connection;
  }

  /** What was asked for, by name. */
  get operations(): string[] {
    return this.requests.map(({ operation }) => operation);
  }

  session(signal?: AbortSignal): Promise<Session> {
    signal?.throwIfAborted();
    return this.#session;
  }

  readonly run = twice(this as unknown as Connection);

  async #open(): Promise<Session> {
    const transport: Transport = {
      bufferedAmount: 0,
      onmessage: () => {},
      onclose: () => {},
      send: (message) => void this.#receive(transport, message as Uint8Array | Blob),
      close: () => {},
    };
    const session = await Session.open(transport);
    this.state = "ready";
    session.closed.then(() => {
      this.state = this.reconnects ? "reconnecting" : "closed";
      this.#session = this.reconnects
        ? this.#open()
        : Promise.reject(new ConnectionError("the connection was lost"));
      this.#session.catch(() => {});
    });
    return session;
  }

  async #receive(transport: Transport, message: Uint8Array | Blob): Promise<void> {
    const bytes = message instanceof Blob ? await message.arrayBuffer() : message;
    await Promise.resolve();
    const request = server.decodeRequest(bytes);
    if (request.operation === "init") return transport.onmessage?.(server.version(this.#extensions).buffer);
    if (request.operation === "limits@openssh.com")
      return transport.onmessage?.(server.limits(request.id, 262_144, 261_120, 261_120, 0).buffer);
    this.requests.push(request);
    const answer = this.answer(request);
    if (answer === "lost") transport.onclose?.({ code: 1006, reason: "" });
    else if (answer) transport.onmessage?.(answer.slice().buffer);
  }
}
