/** A connection in memory: two ends, each a transport, that behave as sockets do. Messages never come in the turn they were sent. */

import type { Bytes } from "../../src/bytes.ts";
import { Inbox, type Transport } from "../../src/transport/transport.ts";

// Taken before a test puts its own clock in.
const later = globalThis.setImmediate ?? ((run: () => void) => setTimeout(run));
const sleep = globalThis.setTimeout;
const turn = () => new Promise<void>((resolve) => void later(resolve));

export class FakeTransport extends Inbox implements Transport {
  readonly protocol: string;
  /** What comes of everything that this end sends. */
  peer!: FakeTransport;
  bufferedAmount = 0;
  /** Milliseconds on the way to the other end. */
  delay = 0;
  /** Messages given to `send`. */
  sent = 0;
  #open = true;
  /** What left last is there when this resolves. */
  #wire: Promise<unknown> = Promise.resolve();
  #stall: { over: Promise<void>; end: () => void } | undefined;

  constructor(protocol: string) {
    super();
    this.protocol = protocol;
  }

  get open(): boolean {
    return this.#open;
  }

  /** The network takes nothing more of this end, and does not say so. */
  stall(): void {
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#stall ??= { over, end };
  }

  goOn(): void {
    this.#stall?.end();
    this.#stall = undefined;
  }

  send(message: string | Bytes | Blob): void {
    if (!this.#open) return;
    this.sent++;
    const size = typeof message === "string" || message instanceof Blob ? 0 : message.length;
    this.#transmit(message instanceof Blob ? message.size : size, async () => {
      if (typeof message === "string") this.peer.received(message);
      else if (message instanceof Blob) this.peer.received(await message.arrayBuffer());
      else this.peer.received(message.slice().buffer);
    });
  }

  close(code = 1000, reason = ""): void {
    if (!this.#open) return;
    this.#open = false;
    this.#transmit(0, async () => {
      this.peer.#hangUp({ code, reason });
      this.#hangUp({ code, reason });
    });
  }

  /** Both ends hear of it at once, and what was on the way is lost. */
  cut(): void {
    for (const end of [this, this.peer]) end.#hangUp({ code: 1006, reason: "" });
  }

  #hangUp(end: { code: number; reason: string }): void {
    this.#open = false;
    this.#wire = new Promise(() => {});
    this.ended(end);
  }

  #transmit(size: number, arrive: () => Promise<void>): void {
    this.bufferedAmount += size;
    const delay = this.delay;
    const travel = (async () => {
      await turn();
      while (this.#stall) await this.#stall.over;
      this.bufferedAmount -= size;
      if (delay) await new Promise((resolve) => sleep(resolve, delay));
    })();
    const before = this.#wire;
    const wire: Promise<unknown> = Promise.all([before, travel]).then(() => arrive());
    this.#wire = wire;
  }
}

/** The client's end and the server's. */
export function transportPair(protocol = "sftp"): [client: FakeTransport, server: FakeTransport] {
  const ends: [FakeTransport, FakeTransport] = [new FakeTransport(protocol), new FakeTransport(protocol)];
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return ends;
}
