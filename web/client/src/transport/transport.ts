/** What a session needs of a connection: whole messages both ways, in order, and word of the end. */

import type { Bytes } from "../bytes.ts";
import { ConnectionError } from "../errors.ts";

/** How a connection ended. */
export interface TransportEnd {
  /** RFC 6455, section 7.4; 1006 without a close frame. */
  readonly code: number;
  /** The bridge's sentence; may be empty. */
  readonly reason: string;
}

/** The errors of those who need the connection still. */
export const lostBy = ({ code, reason }: TransportEnd): ConnectionError =>
  new ConnectionError(`the connection was lost: ${reason || code}`, code, reason);

export const noAnswer = (milliseconds: number): ConnectionError =>
  new ConnectionError(`no answer in ${milliseconds / 1000} s`);

export const closedBy = (code: number): ConnectionError =>
  new ConnectionError("the connection was closed", code, "", false);

/**
 * An open connection. What comes while a callback is not set is held back, so that nothing is lost before there is an
 * owner, and between two. `onclose` comes once, after the last message.
 */
export interface Transport {
  /** Bytes given to `send` that have not left yet. */
  readonly bufferedAmount: number;
  /** Takes each message: text, or one packet. */
  onmessage: ((message: string | ArrayBuffer) => void) | undefined;
  /** Told of the end. */
  onclose: ((end: TransportEnd) => void) | undefined;
  /** One message. The bytes are the transport's from here on. Does nothing after the end and after `close`. */
  send(message: string | Bytes | Blob): void;
  /** 1000, or 3000 to 4999. Does nothing after the end. */
  close(code?: number, reason?: string): void;
}

/** Opens a connection; rejects with a ConnectionError, or with the signal's reason. */
export type OpenTransport = (
  url: string,
  protocols: readonly string[],
  signal: AbortSignal,
) => Promise<Transport>;

/** Messages that wait for an owner; a server that sends more is hung up on. */
const HELD = 64;

/** The half of a transport that receives: messages and the end wait here until there is somebody to take them. */
export abstract class Inbox {
  readonly #held: (string | ArrayBuffer)[] = [];
  #end: TransportEnd | undefined;
  #onmessage: Transport["onmessage"];
  #onclose: Transport["onclose"];

  /** What was held comes after the code that sets this: both callbacks can be set in any order. */
  set onmessage(take: Transport["onmessage"]) {
    this.#onmessage = take;
    queueMicrotask(this.#deliver);
  }

  set onclose(take: Transport["onclose"]) {
    this.#onclose = take;
    queueMicrotask(this.#deliver);
  }

  abstract close(code?: number, reason?: string): void;

  protected received(message: string | ArrayBuffer): void {
    if (this.#held.length < HELD) this.#held.push(message);
    else this.close(4000);
    this.#deliver();
  }

  /** Only the first counts. */
  protected ended(end: TransportEnd): void {
    this.#end ??= end;
    this.#deliver();
  }

  readonly #deliver = (): void => {
    while (this.#onmessage && this.#held.length) this.#onmessage(this.#held.shift() as string | ArrayBuffer);
    if (!this.#end || this.#held.length) return;
    const tell = this.#onclose;
    this.#onclose = undefined;
    tell?.(this.#end);
  };
}
