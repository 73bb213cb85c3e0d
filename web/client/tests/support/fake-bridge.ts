/** A bridge in memory that knows logins and nothing of files: sockets open, logins are answered, VERSION is said. */

import { ConnectionError } from "../../src/errors.ts";
import type { OpenTransport } from "../../src/transport/transport.ts";
import { HELLO, READY, ScriptedTransport } from "./scripted-transport.ts";

const VERSION = Uint8Array.of(0, 0, 0, 5, 2, 0, 0, 0, 3).buffer;

export class FakeBridge {
  /** All that were opened. */
  readonly transports: ScriptedTransport[] = [];
  readonly logins: Record<string, unknown>[] = [];
  /** How the next sockets go: without it they open. */
  readonly sockets: ("open" | "refuse" | "hang")[] = [];
  /** What the next logins are answered with: without it `ready`, and a new token each time. */
  readonly answers: (object | "lose" | "silence")[] = [];
  /** What the next INITs are answered with: without it VERSION. */
  readonly versions: ("say" | "lose" | "silence")[] = [];
  tokens = 0;
  /** How often a socket was asked for. */
  tries = 0;

  readonly open: OpenTransport = (_, protocols, signal) => {
    this.tries += 1;
    const how = this.sockets.shift() ?? "open";
    if (how === "refuse") return Promise.reject(new ConnectionError("no connection", 0));
    if (how === "hang")
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const transport = new ScriptedTransport();
    this.transports.push(transport);
    transport.hear = (message) => {
      if (message instanceof Uint8Array) this.#packet(transport, message);
      else this.#login(transport, message);
    };
    if (protocols[0] === "sftp-login.v1") setImmediate(() => transport.deliver(HELLO));
    return Promise.resolve(transport);
  };

  get last(): ScriptedTransport {
    const last = this.transports.at(-1);
    if (!last) throw new Error("no socket was opened");
    return last;
  }

  ready(): typeof READY {
    this.tokens += 1;
    return { ...READY, resume_token: `token-${this.tokens}`, resume_seconds: 60 };
  }

  #login(transport: ScriptedTransport, message: Record<string, unknown>): void {
    if (message.type === "login") this.logins.push(message);
    const answer = this.answers.shift() ?? this.ready();
    setImmediate(() => {
      if (answer === "lose") transport.end();
      else if (answer !== "silence") transport.deliver(answer as object);
    });
  }

  #packet(transport: ScriptedTransport, packet: Uint8Array): void {
    if (packet[4] !== 1) return;
    const how = this.versions.shift() ?? "say";
    setImmediate(() => {
      if (how === "lose") transport.end();
      else if (how === "say") transport.deliver(VERSION);
    });
  }
}
