/** A WebSocket as a transport: that of the browser, of Node 22, or of the package `ws`. */

import { abortable } from "../abort.ts";
import type { Bytes } from "../bytes.ts";
import { ConnectionError } from "../errors.ts";
import { Inbox, type OpenTransport, type Transport, type TransportEnd } from "./transport.ts";

/** What is used of a WebSocket. It must send Blobs, in order with everything else. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(data: string | Bytes | Blob): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

/** A constructor such as `globalThis.WebSocket`. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/**
 * Opens WebSockets of this kind; of the platform's own without one. What cannot be opened is a ConnectionError: after 30 s,
 * or after 90 s where the subprotocol `sftp` is offered, since there the bridge logs in before it answers.
 *
 * Where headers can be set, which is not in a browser, the subprotocol `sftp` can be used, with the password in the
 * transport handshake: leave `auth` out, and pass a WebSocket that adds the header. With the package `ws`:
 *
 * ```ts
 * const Authorization = `Basic ${Buffer.from("user:password").toString("base64")}`;
 * const Basic = class extends WebSocket {
 *   constructor(url: string, protocols: string[]) {
 *     super(url, protocols, { headers: { Authorization } });
 *   }
 * };
 * const client = await connect(url, { transport: webSocket(Basic) });
 * ```
 */
export const webSocket =
  (Socket = globalThis.WebSocket as unknown as WebSocketConstructor | undefined): OpenTransport =>
  async (url, protocols, signal) => {
    signal.throwIfAborted();
    if (!Socket) throw new TypeError("pass a WebSocket to webSocket()");
    const refused = (why: string, retryable = true) => {
      const message = `no connection to ${url}${why && `: ${why}`}`;
      return new ConnectionError(message.replace(/\/\/[^/]*@/g, "//"), 0, "", retryable);
    };
    const wait = protocols.includes("sftp") ? 90_000 : 30_000;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let socket: WebSocketLike;
    try {
      socket = new Socket(url, [...protocols]);
    } catch (error) {
      throw refused((error as Error).message, false);
    }
    const transport = new WebSocketTransport(socket);
    try {
      return await abortable<Transport>(signal, (resolve, reject) => {
        let why = "";
        timer = setTimeout(() => reject(refused(`no answer in ${wait / 1000} s`)), wait);
        // A browser tells nothing here; `ws` says what the answer was.
        socket.onerror = ({ message = "" }: { message?: string }) => {
          why = message;
        };
        transport.onclose = () => reject(refused(why, !/ 40\d$/.test(why)));
        socket.onopen = () => {
          // From here on the end is for the owner to hear.
          transport.onclose = undefined;
          resolve(transport);
        };
      });
    } catch (error) {
      transport.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };

class WebSocketTransport extends Inbox implements Transport {
  readonly #socket: WebSocketLike;

  constructor(socket: WebSocketLike) {
    super();
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => this.received(data);
    socket.onclose = ({ code, reason }: TransportEnd) => this.ended({ code, reason });
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  /** A socket that is closing would take it, throw it away, and count it as buffered for ever. */
  send(message: string | Bytes | Blob): void {
    if (this.#socket.readyState === 1) this.#socket.send(message);
  }

  close(code = 1000, reason?: string): void {
    this.#socket.close(code, reason);
  }
}
