/** The page's half: a client whose session runs in a worker. */

import type { ConnectionEvents } from "../client/connection.ts";
import type { SftpClient } from "../client/sftp-client.ts";
import { aborted } from "../client/wait.ts";
import { ConnectionError } from "../errors.ts";
import { streamOf } from "../stream.ts";
import { Transfer } from "../transfer/transfer.ts";
import { type Any, type Begin, type Call, ignore, peer, type Run } from "./peer.ts";
import type { RemoteClient, RemoteConnectOptions } from "./remote.ts";

/** Methods that do not just give a promise. */
type Streaming = {
  [K in keyof SftpClient]: SftpClient[K] extends (
    ...args: never
  ) => Transfer<Any> | ReadableStream | WritableStream | AsyncIterable<Any>
    ? K
    : never;
}[keyof SftpClient];

/** Nothing is asked for before the first read. */
const read =
  (begin: Begin): Run =>
  (...args) => {
    let call: Call | undefined;
    const pull = () => {
      call ??= begin(args);
      return call.ask("read");
    };
    return streamOf(pull, () => call?.stop());
  };

const write =
  (begin: Begin): Run =>
  (...args) => {
    const { ask, result, stop } = begin(args);
    return new WritableStream({
      start(controller) {
        result.catch((error) => controller.error(error));
      },
      write: (chunk) => ask("write", chunk),
      close: () => ask("close"),
      abort: stop,
    });
  };

const transfer =
  (begin: Begin): Run =>
  (...args) => {
    let call: Call;
    const work = new Transfer(({ report, signal }) => {
      call = begin(args, report, signal);
      return call.result;
    }, args.at(-1)?.signal);
    return Object.assign(work, {
      pause: () => void call.ask("pause"),
      resume: () => void call.ask("resume"),
    });
  };

const MADE = {
  list: read,
  walk: read,
  readable: read,
  writable: write,
  upload: transfer,
  download: transfer,
  uploadFolder: transfer,
  downloadFolder: transfer,
} satisfies Record<Streaming, unknown>;

/** What a worker's end is told by; `close` is our own. */
const DEATHS: readonly string[] = ["error", "close"];

type Listener = (event: Partial<ConnectionEvents>) => void;

/**
 * Connects in a worker whose script calls `serve`. A worker that `worker` makes ends with the client; one that is passed is left
 * alone, and may serve several clients. Rejects as `connect` does, and with a ConnectionError where the worker dies.
 */
export async function connectInWorker(
  worker: Worker | (() => Worker),
  url: string,
  options: RemoteConnectOptions = {},
): Promise<RemoteClient> {
  const { signal } = options;
  signal?.throwIfAborted();
  const listeners = new Set<Listener>();
  const client: Any = {};
  const tell = (event: Partial<ConnectionEvents>, properties: object) => {
    Object.assign(client, properties);
    for (const listener of listeners) listener(event);
  };
  const running = typeof worker === "function" ? worker() : worker;
  const { port1, port2 } = new MessageChannel();
  const ended = (error: unknown) => {
    for (const type of DEATHS) running.removeEventListener(type, died);
    if (running !== worker) running.terminate();
    if (client.state !== "closed") tell({ state: "closed", error }, { state: "closed" });
  };
  const { root, end } = peer(port1, 1, ignore, ended, MADE);
  const lost = (why: string, code = 0) => end(new ConnectionError(why, code, "", false));
  const died = (event: Event) => lost(`the worker died: ${(event as ErrorEvent).message ?? "terminated"}`);
  for (const type of DEATHS) running.addEventListener(type, died);
  // Nothing tells the page of it otherwise.
  running.terminate = () => {
    Object.getPrototypeOf(running).terminate.call(running);
    running.dispatchEvent(new Event("close"));
  };
  try {
    running.postMessage({ sftpbridge: port2 }, [port2]);
    Object.assign(client, await aborted(root(url, options, tell), signal));
  } catch (error) {
    end(error);
    throw error;
  }
  const { close } = client;
  return Object.assign(client, {
    listen(listener: Listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () =>
      close()
        .catch(ignore)
        .then(() => lost("the connection was closed", 1000)),
  });
}
