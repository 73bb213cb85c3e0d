/** What a session needs of a connection: whole messages both ways, in order, and word of the end. */

import type { Bytes } from "../bytes.ts";

/** How a connection ended. */
export interface TransportEnd {
  /** RFC 6455, section 7.4; 1006 without a close frame. */
  readonly code: number;
  /** The bridge's sentence; may be empty. */
  readonly reason: string;
}

/**
 * An open connection. What comes while a callback is not set is held back, so that nothing is lost before there is an
 * owner, and between two. `onclose` comes exactly once, after the last message.
 */
export interface Transport {
  /** The WebSocket subprotocol that both sides agreed on. */
  readonly protocol: string;
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
  #told = false;
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
    if (!this.#end || !this.#onclose || this.#told || this.#held.length) return;
    this.#told = true;
    this.#onclose(this.#end);
  };
}
