/** A transport whose other end is the test. */

import { Inbox, type Transport } from "../../src/transport/transport.ts";

export class ScriptedTransport extends Inbox implements Transport {
  readonly protocol = "sftp-login.v1";
  readonly bufferedAmount = 0;
  /** What was sent as text, read as JSON. */
  readonly said: Record<string, unknown>[] = [];
  /** What was sent as bytes. */
  readonly packets: Uint8Array[] = [];
  /** What this side closed it with. */
  closed: number | undefined;
  #ended = false;
  /** Is called with whatever is sent. */
  hear: (message: Record<string, unknown> | Uint8Array) => void = () => {};

  send(message: string | Uint8Array | Blob): void {
    if (this.#ended) return;
    if (message instanceof Blob) throw new Error("no blobs here");
    if (typeof message === "string") {
      const read = JSON.parse(message);
      this.said.push(read);
      this.hear(read);
    } else {
      this.packets.push(message);
      this.hear(message);
    }
  }

  close(code = 1000): void {
    this.closed ??= code;
    this.#ended = true;
  }

  deliver(message: object | string | ArrayBuffer): void {
    if (this.#ended) return;
    const raw = typeof message === "string" || message instanceof ArrayBuffer;
    this.received(raw ? message : JSON.stringify(message));
  }

  end(code = 1006, reason = ""): void {
    if (this.#ended) return;
    this.#ended = true;
    this.ended({ code, reason });
  }
}

/** Until everything that can happen now has happened. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** As the transcripts of the bridge have it. */
export const HELLO = {
  type: "hello",
  upstreams: [
    {
      name: "main",
      title: "Files",
      methods: ["password", "keyboard-interactive", "publickey", "resume"],
    },
    { name: "own", title: "Archive", methods: ["password", "bearer", "external", "oidc"] },
  ],
  methods: ["password", "keyboard-interactive", "publickey", "resume"],
};

export const READY = {
  type: "ready",
  upstream: "main",
  user: "ann",
  max_packet: 262_148,
  resume_token: null as string | null,
  resume_seconds: 0,
  session: "0123456789abcdef",
};

export const failure = (code: string, more: object = {}) => ({
  type: "failure",
  code,
  message: "One sentence.",
  methods: HELLO.methods,
  retry: true,
  session: "0123456789abcdef",
  ...more,
});
