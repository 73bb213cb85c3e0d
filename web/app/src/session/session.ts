/** Who is logged in, and the connection: it lives in a worker. */

import { batch, signal } from "@preact/signals";
import type { ConnectionState, Notice, Resumption, SftpPath } from "sftpbridge-client";
import { connectInWorker, type RemoteClient, type RemoteConnectOptions } from "sftpbridge-client/worker";
import { sftpUrl } from "./info.ts";
import { keep, takeKept } from "./kept.ts";
import { scriptUrl } from "./trusted.ts";
import { TRY_NOW } from "./try-now.ts";
import workerUrl from "./worker.ts?worker&url";

/** A login that succeeded. It ends when the person leaves; a lost connection comes back within it. */
export interface Session {
  readonly client: RemoteClient;
  readonly upstream: string;
  /** Who is logged in. */
  readonly user: string;
  /** Where relative paths begin. */
  readonly home: SftpPath;
}

/** Something that the bridge has announced, and when it happens. */
export interface Announcement {
  readonly kind: Notice["kind"];
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly message: string;
}

export const session = signal<Session | undefined>(undefined);
/** Of the session; `closed` without one. */
export const connectionState = signal<ConnectionState>("closed");
/** Why the connection is closed for good although nobody has logged out. */
export const ended = signal<unknown>(undefined);
export const announced = signal<Announcement | undefined>(undefined);

interface WayBack {
  readonly resumption?: Resumption | undefined;
}

/** To a login that is not the page's session yet: people reload a page that is slow, too. */
let wayBack: WayBack | undefined;
export const holdWayBack = (held: WayBack | undefined): void => {
  wayBack = held;
};

let worker: Worker | undefined;

const makeWorker = () => {
  worker = new Worker(scriptUrl(workerUrl), { type: "module", name: "sftp" });
  return worker;
};

/** Connects, and makes the session that of the page. Rejects as `connect` does. `user` is asked where the bridge does not say it. */
export async function logIn(
  upstream: string,
  options: RemoteConnectOptions,
  user: () => string,
): Promise<void> {
  const client = await connectInWorker(makeWorker, sftpUrl(upstream), options);
  holdWayBack(client);
  // A server without this has no home, but a root.
  const home = await client.realpath(".").catch(() => "/");
  if (wayBack === client) holdWayBack(undefined);
  if (options.signal?.aborted) {
    await client.close();
    throw options.signal.reason;
  }
  client.listen(({ state, error, notice }) => {
    if (session.value?.client !== client) return;
    batch(() => {
      if (state) enter(state, error);
      if (notice && /^(drain|idle)$/.test(notice.kind))
        announced.value = { ...notice, at: Date.now() + notice.seconds * 1000 };
    });
  });
  batch(() => {
    enter(client.state, undefined);
    session.value = { client, upstream, user: client.resumption?.user ?? user(), home };
  });
}

function enter(state: ConnectionState, error: unknown): void {
  connectionState.value = state;
  announced.value = undefined;
  ended.value = state === "closed" ? error : undefined;
}

/** For good: the bridge keeps nothing. */
export async function logOut(): Promise<void> {
  const client = session.value?.client;
  leave();
  await client?.close();
}

/** Back to the login, where the connection is over already. */
export function leave(): void {
  takeKept();
  batch(() => {
    session.value = undefined;
    enter("closed", undefined);
  });
}

/** Ends the wait for the next try of a lost connection; wakes one that was suspended, and one that is about to be. */
export function tryNow(): void {
  worker?.postMessage(TRY_NOW);
  // What comes of it is told by the state.
  void session.value?.client.realpath(".").catch(() => {});
}

// Before a reload, and before the tab is closed, which ends the storage with the tab.
addEventListener("pagehide", () => {
  const resumption = (session.value?.client ?? wayBack)?.resumption;
  if (resumption) keep(resumption);
});
// The page was not left after all: it still has its session, and the token belongs to that.
addEventListener("pageshow", ({ persisted }) => void (persisted && takeKept()));
