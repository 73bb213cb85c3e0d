/**
 * A transport whose other half is somewhere else: the socket in a worker, say, and the session in a page, with a MessagePort
 * between them.
 */

import { abortable } from "../abort.ts";
import { type Bytes, byteLength } from "../bytes.ts";
import { ConnectionError } from "../errors.ts";
import { Inbox, type Transport, type TransportEnd } from "./transport.ts";

type Message = string | Bytes | Blob;

/** What one side tells the other; nothing in it asks whether the other is alive, and `alive` is the answer. */
interface Word {
  readonly message?: Message | ArrayBuffer;
  /** The first word of the side with the socket. */
  readonly open?: true;
  /** Bytes that have left, all together: of the side with the socket. */
  readonly left?: number;
  readonly close?: readonly [code?: number, reason?: string];
  readonly end?: TransportEnd;
  readonly alive?: true;
}

export interface PortOptions {
  /** Gives up waiting for the other side. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds, 10,000 without it. So often each side asks whether the other is alive. Where four in a row had no answer
   * the connection is taken for lost: not every browser tells that the other side of a port is gone.
   */
  readonly heartbeat?: number | undefined;
}

/**
 * The side without the socket, for a session. A ConnectionError when nobody answers on the port, within five heartbeats;
 * or the signal's reason.
 */
export async function portTransport(
  port: MessagePort,
  { signal, heartbeat }: PortOptions = {},
): Promise<Transport> {
  signal?.throwIfAborted();
  const transport = new PortTransport(port, heartbeat);
  try {
    return await abortable(signal, (resolve, reject) => {
      transport.onclose = () => reject(new ConnectionError("nobody answers on the port", 0));
      transport.onopen = () => {
        transport.onclose = undefined;
        resolve(transport);
      };
    });
  } catch (error) {
    transport.close(4000);
    throw error;
  }
}

class PortTransport extends Inbox implements Transport {
  /** Bytes that have not left the socket. */
  bufferedAmount = 0;
  declare onopen: () => void;
  declare send: (message: Message) => void;
  declare close: (...close: [code?: number, reason?: string]) => void;

  constructor(port: MessagePort, heartbeat?: number) {
    super();
    let given = 0;
    let gone = 0;
    const say = lineOn(port, heartbeat, ({ message, open, left = gone, end }) => {
      gone = left;
      this.bufferedAmount = given - gone;
      if (message !== undefined) this.received(message as string | ArrayBuffer);
      if (open) this.onopen();
      if (end) this.ended(end);
    });
    this.send = (message) => {
      const size = sizeOf(message);
      if (!say({ message })) return;
      given += size;
      this.bufferedAmount += size;
    };
    this.close = (...close) => say({ close });
  }
}

/** The side with the socket. The transport is the port's from here on: closed when the other side is gone. */
export function serveTransport(
  transport: Transport,
  port: MessagePort,
  { heartbeat }: PortOptions = {},
): void {
  let taken = 0;
  let reporting = false;
  const report = () => {
    const { bufferedAmount } = transport;
    // There is no event for what has left.
    reporting = say({ left: taken - bufferedAmount }) && bufferedAmount > 0;
    if (reporting) setTimeout(report, 20);
  };
  const say = lineOn(port, heartbeat, ({ message, close, end }) => {
    if (close) transport.close(...close);
    if (end) transport.close(4000);
    if (message === undefined) return;
    taken += sizeOf(message as Message);
    transport.send(message as Message);
    if (!reporting) setTimeout(report, 20);
    reporting = true;
  });
  say({ open: true });
  transport.onmessage = (message) => say({ message });
  transport.onclose = (end) => say({ end });
}

const sizeOf = (message: Message) => (typeof message === "string" ? message.length : byteLength(message));

/**
 * What both sides do: `take` hears what the other one says, an `end` also when it says nothing any more. Gives the function
 * that says something; it tells whether the line is still there. Either side's `end` is its last word.
 */
function lineOn(port: MessagePort, heartbeat = 10_000, take: (word: Word) => void) {
  let unanswered = 0;
  let over = false;
  const hang = () => {
    over = true;
    clearInterval(timer);
    port.close();
  };
  const hear = (word: Word) => {
    unanswered = 0;
    if (over) return;
    if (word.end) hang();
    if (Object.keys(word).length) take(word);
    else say({ alive: true });
  };
  /** A buffer is moved, and not copied, where all of it is the message. */
  const say = (word: Word): boolean => {
    const { message } = word;
    const buffer = message instanceof Uint8Array ? message.buffer : message;
    const moves = buffer instanceof ArrayBuffer && buffer.byteLength === (message as Bytes).byteLength;
    if (over) return false;
    port.postMessage(word, moves ? [buffer] : []);
    if (word.end) hang();
    return true;
  };
  const lost = () => hear({ end: { code: 1006, reason: "" } });
  const timer = setInterval(() => {
    if (++unanswered > 4) lost();
    else say({});
  }, heartbeat);
  port.onmessage = ({ data }) => hear(data);
  port.addEventListener("close", lost);
  return say;
}
