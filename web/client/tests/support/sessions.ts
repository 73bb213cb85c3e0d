/** A connection that opens another session when one is lost, with nothing but that; and what went over its transports. */

import type { Connection } from "../../src/client/connection.ts";
import { twice } from "../../src/client/reconnect.ts";
import type { Session } from "../../src/session/session.ts";
import type { OpenTransport, Transport } from "../../src/transport/transport.ts";
import { webSocket } from "../../src/transport/websocket.ts";

/** A connection whose sessions `open` makes, one after the other. */
export function sessionsOf(open: () => Promise<Session>): Connection & { close(): Promise<void> } {
  let current: Promise<Session> | undefined;
  const connection = {
    state: "ready",
    session() {
      const lost = () => {
        current = undefined;
      };
      current ??= open().then((session) => {
        session.closed.then(lost);
        return session;
      });
      current.catch(lost);
      return current;
    },
    async close() {
      (await current)?.close();
    },
  };
  const whole = connection as unknown as Connection;
  return Object.assign(whole, { run: twice(whole) });
}

/** What was asked for in READs. */
export class Reads {
  readonly ranges: { readonly offset: number; readonly length: number }[] = [];
  closes = 0;
  opens = 0;

  get bytes(): number {
    return this.ranges.reduce((sum, { length }) => sum + length, 0);
  }

  /** Opens transports that are watched. */
  watch(open: OpenTransport = webSocket()): OpenTransport {
    return async (...args) => {
      const transport: Transport = await open(...args);
      const send = transport.send.bind(transport);
      transport.send = (message) => {
        if (message instanceof Uint8Array) this.#note(message);
        send(message);
      };
      return transport;
    };
  }

  #note(packet: Uint8Array): void {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    const type = view.getUint8(4);
    if (type === 3) this.opens++;
    if (type === 4) this.closes++;
    if (type !== 5) return;
    const at = 13 + view.getUint32(9);
    this.ranges.push({ offset: Number(view.getBigUint64(at)), length: view.getUint32(at + 8) });
  }
}
