/** What tests of downloads share: an in-memory server with one file, and sinks that tell what they were given. */

import { expect } from "vitest";
import { concat } from "../../src/bytes.ts";
import { CoreClient } from "../../src/client/core-client.ts";
import { Session } from "../../src/session/session.ts";
import type { FileSink, WritableFile, WritingSink } from "../../src/transfer/sink.ts";
import { useWindows } from "../../src/window/shared.ts";
import { FakeServer, type FakeServerOptions } from "./fake-server.ts";
import { FixedWindow } from "./fixed-window.ts";
import { sessionsOf } from "./sessions.ts";

/** Bytes that differ from their neighbours near and far. */
export function content(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = at ^ (at >> 8) ^ (at >> 15);
  return bytes;
}

/** A server with `/file`, and a connection that comes back. */
export function served(bytes: Uint8Array | number, options: FakeServerOptions = {}) {
  const server = new FakeServer(options);
  const data = typeof bytes === "number" ? content(bytes) : bytes;
  const file = server.put("/file", data, { mtime: 1_000_000 });
  const connection = sessionsOf(async () => {
    const session = await Session.open(server.connect());
    useWindows(session, { read: new FixedWindow(64, 32_768), write: new FixedWindow(64, 32_768) });
    return session;
  });
  return { server, file, data, connection, client: new CoreClient(connection) };
}

/** `toEqual` takes seconds for a megabyte. */
export function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.findIndex((byte, at) => byte !== expected[at])).toBe(-1);
}

/** Bytes asked for in READs. */
export const asked = (server: FakeServer): number =>
  server.requests.reduce((sum, it) => sum + (it.operation === "read" ? it.length : 0), 0);

/** Keeps everything; a promise for each chunk makes it slow. */
export class Collecting implements WritingSink {
  readonly chunks: Uint8Array[] = [];
  size = 0;
  closed = false;
  aborted: { readonly reason: unknown } | undefined;
  wait: (() => unknown) | undefined;

  constructor(wait?: () => unknown) {
    this.wait = wait;
  }

  get bytes(): Uint8Array {
    return concat(...this.chunks);
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.wait?.();
    this.chunks.push(chunk);
    this.size += chunk.length;
  }

  close(): void {
    this.closed = true;
  }

  abort(reason: unknown): void {
    this.aborted = { reason };
  }
}

/** A file of the browser in memory: what is written is there when the stream is closed, and not before. */
export class MemoryFile implements FileSink {
  content: Uint8Array;
  open = 0;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.content = bytes;
  }

  async getFile(): Promise<Blob> {
    return new Blob([this.content.slice()]);
  }

  async createWritable({ keepExistingData }: { keepExistingData: boolean }): Promise<WritableFile> {
    let swap = keepExistingData ? this.content.slice() : new Uint8Array(0);
    let position = 0;
    this.open++;
    const resize = (size: number) => {
      const old = swap.subarray(0, size);
      swap = new Uint8Array(size);
      swap.set(old);
    };
    return {
      seek: async (to) => {
        position = to;
      },
      truncate: async (size) => resize(size),
      write: async (chunk: Uint8Array) => {
        if (position + chunk.length > swap.length) resize(position + chunk.length);
        swap.set(chunk, position);
        position += chunk.length;
      },
      close: async () => {
        this.content = swap;
        this.open--;
      },
      abort: async () => {
        this.open--;
      },
    };
  }
}
