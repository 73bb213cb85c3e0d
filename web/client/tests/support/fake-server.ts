/** An SFTP server in memory, as OpenSSH's, which does what a test tells it to: late, shuffled, cut off, or hostile. */

import type { Bytes } from "../../src/bytes.ts";
import { ConnectionError } from "../../src/errors.ts";
import type { OpenTransport, Transport } from "../../src/transport/transport.ts";
import { FakeFiles } from "./fake-files.ts";
import { FakeOperations } from "./fake-operations.ts";
import { type FakeTransport, transportPair } from "./fake-transport.ts";
import { decodeRequest, OPENSSH_EXTENSIONS, type ServerRequest } from "./server-codec.ts";

export interface FakeServerOptions {
  /** What VERSION says, and what is therefore understood; OpenSSH's without it. */
  readonly extensions?: Readonly<Record<string, string>>;
  /** What `limits@openssh.com` says. READ and WRITE hold to it. */
  readonly limits?: readonly [packet: number, read: number, write: number, handles: number];
  /** Milliseconds one way. */
  readonly delay?: number;
  /** `replies`: they overtake each other. `requests`: they are carried out in any order too. */
  readonly shuffle?: "replies" | "requests";
  /** The connection is cut in place of the request after so many; by the number of the connection, from 0 on. */
  readonly dropAfter?: number | ((connection: number) => number | undefined);
  /** Names in a reply to READDIR. */
  readonly namesPerReply?: number;
  /**
   * Asked before each request: what to answer in place of the usual. An empty list is no answer; nothing is the usual one.
   * Change it at any time by `server.answer`.
   */
  readonly answer?: Answer;
}

export type Answer = (
  request: ServerRequest,
  connection: FakeConnection,
) => Bytes | string | readonly (Bytes | string)[] | undefined;

export class FakeServer extends FakeFiles {
  readonly options: FakeServerOptions;
  readonly connections: FakeConnection[] = [];
  /** Everything that was asked, but for the data of WRITE. */
  readonly requests: ServerRequest[] = [];
  answer: Answer | undefined;
  /** Whoever connects is refused. */
  down = false;
  /** Of all connections together; those of a lost connection are closed by themselves. */
  get openHandles(): number {
    return this.connections.reduce((sum, { operations }) => sum + operations.handles.size, 0);
  }

  constructor(options: FakeServerOptions = {}) {
    super();
    this.options = options;
    this.answer = options.answer;
  }

  /** The client's end of a new connection. */
  connect(protocol = "sftp"): FakeTransport {
    const [client, server] = transportPair(protocol);
    this.connections.push(new FakeConnection(this, server, this.connections.length));
    client.delay = server.delay = this.options.delay ?? 0;
    return client;
  }

  /** As the option `transport` of `connect`: `connect("ws://fake", { transport: server.open })`. */
  readonly open: OpenTransport = async (_url, protocols, signal): Promise<Transport> => {
    signal.throwIfAborted();
    if (this.down) throw new ConnectionError("the server is down", 0);
    return this.connect(protocols.at(-1));
  };

  /** How often this was asked. */
  count(operation: ServerRequest["operation"]): number {
    return this.requests.filter((request) => request.operation === operation).length;
  }

  /** All connections are lost. */
  cut(): void {
    for (const connection of this.connections) connection.transport.cut();
  }
}

export class FakeConnection {
  readonly transport: FakeTransport;
  readonly operations: FakeOperations;
  readonly #server: FakeServer;
  readonly #dropAfter: number;
  #asked = 0;
  #requests: ServerRequest[] = [];
  #replies: (Bytes | string)[] = [];
  #waiting = false;

  constructor(server: FakeServer, transport: FakeTransport, index: number) {
    const { dropAfter, extensions = OPENSSH_EXTENSIONS, limits, namesPerReply } = server.options;
    this.#server = server;
    this.transport = transport;
    this.operations = new FakeOperations(server, { extensions, limits, namesPerReply });
    this.#dropAfter = (typeof dropAfter === "function" ? dropAfter(index) : dropAfter) ?? Infinity;
    transport.onmessage = (message) => this.#receive(message);
    transport.onclose = () => this.operations.handles.clear();
  }

  /** What nobody asked for. */
  send(message: Bytes | string): void {
    this.transport.send(message);
  }

  #receive(message: string | ArrayBuffer): void {
    if (this.#asked++ >= this.#dropAfter) {
      this.transport.cut();
      return;
    }
    const request = decodeRequest(message as ArrayBuffer);
    this.#server.requests.push("data" in request ? { ...request, data: new Uint8Array(0) } : request);
    const { shuffle } = this.#server.options;
    if (!shuffle || request.operation === "init") {
      for (const reply of this.#carryOut(request)) this.send(reply);
      return;
    }
    if (shuffle === "requests") this.#requests.push(request);
    else this.#replies.push(...this.#carryOut(request));
    if (this.#waiting) return;
    this.#waiting = true;
    setTimeout(() => this.#shuffled(), 2);
  }

  #shuffled(): void {
    this.#waiting = false;
    for (const request of shuffled(this.#requests.splice(0))) this.#replies.push(...this.#carryOut(request));
    for (const reply of shuffled(this.#replies.splice(0))) this.send(reply);
  }

  #carryOut(request: ServerRequest): readonly (Bytes | string)[] {
    const answer = this.#server.answer?.(request, this);
    if (answer === undefined) return [this.operations.answer(request)];
    return typeof answer === "string" || answer instanceof Uint8Array ? [answer] : answer;
  }
}

/** The same at each run. */
let seed = 1;
function shuffled<T>(list: T[]): T[] {
  for (let at = list.length - 1; at > 0; at--) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    const other = seed % (at + 1);
    [list[at], list[other]] = [list[other] as T, list[at] as T];
  }
  return list;
}
