/**
 * A path through a network, for tests on one machine: a TCP relay with a delay, a rate and a bounded queue each way,
 * and ways to break it.
 *
 *     await using link = await Link.start(bridge.port, { delay: 20, rate: 10e6 });
 *     const client = await connect(link.url(bridge.url), …);
 *
 * A byte waits for its turn at the bottleneck, then takes `delay` to the other side. When the queue before the
 * bottleneck is full the sender's socket is not read any more, so that what it sends piles up in its own buffers, as it
 * does behind a TCP that is out of congestion window.
 */

import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from "node:net";

/** One way of a path. All may be changed while bytes are under way, and hold for those that come later. */
export interface WayOptions {
  /** Milliseconds. */
  readonly delay?: number;
  /** Bits per second; without it as fast as the machine goes. */
  readonly rate?: number;
  /** Bytes that wait at the bottleneck before the sender is stopped; 256 KiB without it. */
  readonly queue?: number;
  /** Bytes of one connection under way before its sender is stopped, as the receiver's TCP does it; 32 MiB without it. */
  readonly receiveWindow?: number;
  /** Bytes of TCP's first congestion window, such as 14,480; without it there is no slow start. */
  readonly initialWindow?: number;
}

/** The same both ways, but for what `up` (to the server) and `down` say. */
export interface LinkOptions extends WayOptions {
  readonly up?: WayOptions;
  readonly down?: WayOptions;
}

/** What a packet carries: nothing smaller crosses the bottleneck while more waits behind it. */
const SEGMENT = 1448;
/** Milliseconds that a sender who was stopped is made up for when this process is late to let it go on. */
const CATCH_UP = 20;
/** Bytes given to a socket that have not left; beyond it nothing more is given. */
const UNSENT = 1 << 20;

/** One way of the path: the bottleneck that all connections share. */
export class Way {
  delay: number;
  rate: number;
  queue: number;
  readonly receiveWindow: number;
  readonly initialWindow: number;
  /** Bytes that came out at the other end, over all connections. */
  bytes = 0;
  /** The most bytes that were under way at a time. */
  peak = 0;
  underWay = 0;
  #busyUntil = 0;

  constructor(options: WayOptions) {
    this.delay = options.delay ?? 0;
    this.rate = options.rate ?? Number.POSITIVE_INFINITY;
    this.queue = options.queue ?? 262_144;
    this.receiveWindow = options.receiveWindow ?? 32 << 20;
    this.initialWindow = options.initialWindow ?? Number.POSITIVE_INFINITY;
  }

  /** Bytes that the bottleneck takes now. */
  room(now: number): number {
    if (this.rate === Number.POSITIVE_INFINITY) return this.queue;
    return this.queue - (Math.max(0, this.#busyUntil - now) * this.rate) / 8000;
  }

  /** When the first and the last of so many bytes come out at the other end. */
  send(bytes: number, from: number): [first: number, last: number] {
    const start = Math.max(from, this.#busyUntil);
    this.#busyUntil = start + (bytes * 8000) / this.rate;
    this.underWay += bytes;
    this.peak = Math.max(this.peak, this.underWay);
    return [start + this.delay, this.#busyUntil + this.delay];
  }
}

interface Piece {
  bytes: Buffer;
  first: number;
  last: number;
}

/** One way of one connection. */
class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #way: Way;
  readonly #back: Way;
  /** Read, but not past the bottleneck's queue. */
  #pending: Buffer | undefined;
  #pieces: Piece[] = [];
  #acks: { at: number; bytes: number }[] = [];
  #held = 0;
  #unacknowledged = 0;
  #congestionWindow: number;
  #lastSent = 0;
  /** When it was last seen to wait for the bottleneck. */
  #stopped = Number.NEGATIVE_INFINITY;
  #ended = false;
  #dead = false;

  constructor(from: Socket, to: Socket, way: Way, back: Way, wake: () => void) {
    this.#from = from;
    this.#to = to;
    this.#way = way;
    this.#back = back;
    this.#congestionWindow = way.initialWindow;
    from.on("data", (bytes: Buffer) => {
      if (this.#dead) return;
      this.#pending = this.#pending ? Buffer.concat([this.#pending, bytes]) : bytes;
      this.#send(performance.now());
      wake();
    });
    from.on("end", () => {
      this.#ended = true;
      wake();
    });
    to.on("drain", wake);
  }

  /** Does what is due; says when the next thing is. */
  run(now: number): number {
    if (this.#dead) return Number.POSITIVE_INFINITY;
    for (; this.#acks[0] && this.#acks[0].at <= now; this.#acks.shift()) {
      this.#unacknowledged -= this.#acks[0].bytes;
      this.#congestionWindow += this.#acks[0].bytes;
    }
    const blocked = this.#deliver(now);
    this.#send(now);
    if (this.#ended && !this.#held && !this.#pending && !this.#to.writableEnded) this.#to.end();
    const [piece] = this.#pieces;
    const segment = piece ? ((piece.last - piece.first) * SEGMENT) / piece.bytes.length : 0;
    return Math.min(
      piece && !blocked ? Math.min(piece.last, piece.first + segment) : Number.POSITIVE_INFINITY,
      this.#acks[0]?.at ?? Number.POSITIVE_INFINITY,
      this.#pending ? now + 1 : Number.POSITIVE_INFINITY,
    );
  }

  /** Nothing comes out any more, and nothing is read. */
  kill(): void {
    this.#dead = true;
    this.#way.underWay -= this.#held;
    this.#pieces = [];
    this.#pending = undefined;
    this.#from.pause();
  }

  #deliver(now: number): boolean {
    this.#to.cork();
    let blocked = false;
    for (let piece = this.#pieces[0]; piece && piece.first <= now; piece = this.#pieces[0]) {
      blocked = this.#to.writableLength > UNSENT;
      const arrived = piece.last <= now ? piece.bytes.length : partly(piece, now);
      if (blocked || !arrived) break;
      this.#to.write(piece.bytes.subarray(0, arrived));
      this.#arrived(arrived, now);
      if (arrived === piece.bytes.length) {
        this.#pieces.shift();
        continue;
      }
      piece.first += ((piece.last - piece.first) * arrived) / piece.bytes.length;
      piece.bytes = piece.bytes.subarray(arrived);
    }
    this.#to.uncork();
    return blocked;
  }

  #arrived(bytes: number, now: number): void {
    this.#held -= bytes;
    this.#way.underWay -= bytes;
    this.#way.bytes += bytes;
    if (this.#way.initialWindow < Number.POSITIVE_INFINITY)
      this.#acks.push({ at: now + this.#back.delay, bytes });
  }

  #send(now: number): void {
    this.#restart(now);
    while (this.#pending) {
      const room = this.#room(now);
      if (room < Math.min(this.#pending.length, SEGMENT)) break;
      const bytes = this.#pending.subarray(0, Math.floor(room));
      const [first, last] = this.#way.send(
        bytes.length,
        now - this.#stopped < CATCH_UP ? this.#stopped : now,
      );
      this.#pieces.push({ bytes, first, last });
      this.#held += bytes.length;
      if (this.#way.initialWindow < Number.POSITIVE_INFINITY) this.#unacknowledged += bytes.length;
      this.#lastSent = now;
      this.#pending = bytes.length < this.#pending.length ? this.#pending.subarray(bytes.length) : undefined;
    }
    if (this.#pending) this.#from.pause();
    else if (this.#from.isPaused()) this.#from.resume();
  }

  /** TCP starts slowly again after a pause (RFC 5681, section 4.1). */
  #restart(now: number): void {
    const timeout = Math.max(200, 2 * (this.#way.delay + this.#back.delay));
    if (!this.#unacknowledged && now - this.#lastSent > timeout)
      this.#congestionWindow = this.#way.initialWindow;
  }

  #room(now: number): number {
    const queue = this.#way.room(now);
    if (queue < SEGMENT) this.#stopped = now;
    const window = this.#way.receiveWindow - this.#held;
    return Math.min(queue, window, this.#congestionWindow - this.#unacknowledged);
  }
}

function partly(piece: Piece, now: number): number {
  const bytes = (piece.bytes.length * (now - piece.first)) / (piece.last - piece.first);
  return Math.floor(bytes / SEGMENT) * SEGMENT;
}

interface Line {
  readonly sockets: readonly [Socket, Socket];
  readonly flows: readonly [Flow, Flow];
}

export class Link {
  readonly up: Way;
  readonly down: Way;
  readonly port: number;
  /** `false`: whoever connects is reset. */
  accepting = true;
  /** Connections that were accepted, over all time. */
  accepted = 0;
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  readonly #sockets = new Set<Socket>();
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #stalled = false;

  private constructor(server: Server, target: number, { up, down, ...both }: LinkOptions) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.up = new Way({ ...both, ...up });
    this.down = new Way({ ...both, ...down });
    server.on("connection", (client) => this.#accept(client, target));
  }

  /** A relay to a port of this machine. */
  static async start(target: number, options: LinkOptions = {}): Promise<Link> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Link(server, target, options);
  }

  /** The same address by way of this path. */
  url(url: string): string {
    const through = new URL(url);
    through.port = String(this.port);
    return through.href;
  }

  /** Connections that are there now. */
  get connections(): number {
    return this.#lines.size;
  }

  /**
   * Ends every connection, by a reset, or so that neither side hears anything again ("silent"). What was under way is lost.
   * New connections are taken as before.
   */
  cut(how: "reset" | "silent" = "reset"): void {
    for (const line of [...this.#lines]) {
      for (const flow of line.flows) flow.kill();
      this.#lines.delete(line);
      if (how === "reset") for (const socket of line.sockets) socket.resetAndDestroy();
    }
  }

  /** Nothing arrives any more, on either way, until `resume`. Nothing is lost. */
  stall(): void {
    this.#stalled = true;
  }

  resume(): void {
    this.#stalled = false;
    this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    clearTimeout(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket, target: number): void {
    if (!this.accepting) return void client.resetAndDestroy();
    this.accepted++;
    const server = dial({ port: target, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const wake = () => this.#run();
    const flows = [
      new Flow(client, server, this.up, this.down, wake),
      new Flow(server, client, this.down, this.up, wake),
    ] as const;
    const line: Line = { sockets: [client, server], flows };
    this.#lines.add(line);
    for (const socket of line.sockets) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", (failed) => {
        this.#sockets.delete(socket);
        if (failed) this.#lost(line);
        else if (line.sockets.every(({ destroyed }) => destroyed)) this.#lines.delete(line);
      });
    }
  }

  /** One side broke the connection: the other hears of it. */
  #lost(line: Line): void {
    if (!this.#lines.delete(line)) return;
    for (const flow of line.flows) flow.kill();
    for (const socket of line.sockets) socket.resetAndDestroy();
  }

  /** Everything that is due, and a timer for the rest: one for all, and at most one each millisecond. */
  #run(): void {
    if (this.#stalled) return;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const { flows } of this.#lines) for (const flow of flows) next = Math.min(next, flow.run(now));
    if (next === Number.POSITIVE_INFINITY || (next >= this.#due && this.#due > now)) return;
    clearTimeout(this.#timer);
    this.#due = next;
    this.#timer = setTimeout(
      () => {
        this.#due = Number.POSITIVE_INFINITY;
        this.#run();
      },
      Math.max(1, next - now),
    );
  }
}
