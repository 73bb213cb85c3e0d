/** An upload whose connection is cut again and again, and what it cost. */

import { randomInt } from "node:crypto";
import type { SftpClient } from "../../src/client/sftp-client.ts";
import { connect } from "../../src/index.ts";
import type { Session } from "../../src/session/session.ts";
import type { UploadOptions, UploadResult } from "../../src/transfer/options.ts";
import type { OpenTransport } from "../../src/transport/transport.ts";
import { webSocket } from "../../src/transport/websocket.ts";
import { useWindows, windowOf } from "../../src/window/shared.ts";
import type { ByteWindow } from "../../src/window/window.ts";
import type { Bridge } from "./bridge.ts";
import type { Link } from "./link.ts";
import { testUser } from "./user.ts";

/** WRITE but for its data: length, type, id, handle of four bytes, offset and length of the data. */
const HEAD = 4 + 1 + 4 + 8 + 8 + 4;
const WRITE = 6;
/** What a cut may cost on top of the window. */
const SLACK = 65_536;

export interface Interrupted {
  readonly client: SftpClient;
  /** Bytes of data in all WRITEs that were sent. */
  readonly sent: () => number;
  /** The largest window so far. */
  readonly largest: () => Promise<number>;
}

/** A client that counts what it writes; with `window`, in windows of that kind. */
export async function interrupted(
  bridge: Bridge,
  link: Link,
  window?: () => ByteWindow,
): Promise<Interrupted> {
  const { name: user, password } = testUser();
  let sent = 0;
  let most = 0;
  let session: Session | undefined;
  const transport: OpenTransport = async (url, protocols, signal) => {
    const opened = await webSocket()(url, protocols, signal);
    const send = opened.send.bind(opened);
    opened.send = (message) => {
      if (message instanceof Blob) sent += message.size - HEAD;
      else if (message instanceof Uint8Array && message[4] === WRITE) sent += message.length - HEAD;
      if (session) most = Math.max(most, windowOf(session, "write").size);
      send(message);
    };
    return opened;
  };
  const auth = () => ({ method: "password", user, password }) as const;
  const reconnect = { delay: 10, maximum: 100 };
  const client = await connect(link.url(bridge.url), { auth, transport, reconnect });
  const choose = async () => {
    if (window) useWindows(await client.connection.session(), { read: window(), write: window() });
  };
  client.connection.listen(({ state }) => {
    if (state === "ready") choose().catch(() => {});
  });
  await choose();
  const largest = async () => {
    session = await client.connection.session();
    most = Math.max(most, windowOf(session, "write").size);
    return most;
  };
  return { client, sent: () => sent, largest };
}

/** Uploads, cut at so many random bytes; resolves with the result, the bytes sent twice, and how many these may be. */
export async function uploadWithCuts(
  { client, sent, largest }: Interrupted,
  cut: () => void,
  source: Blob | ReadableStream<Uint8Array>,
  path: string,
  options: UploadOptions & { readonly size: number; readonly cuts: number },
): Promise<{ result: UploadResult; resent: number; allowed: number; cuts: number }> {
  const at = Array.from({ length: options.cuts }, () => randomInt(options.size)).sort((a, b) => a - b);
  const before = sent();
  const transfer = client.upload(source, path, options);
  let cuts = 0;
  for await (const { bytes } of transfer) {
    largest().catch(() => {});
    if (cuts >= at.length || bytes < (at[cuts] ?? 0)) continue;
    cuts++;
    cut();
  }
  const result = await transfer;
  const allowed = cuts * ((await largest()) + SLACK);
  return { result, resent: sent() - before - options.size, allowed, cuts };
}
