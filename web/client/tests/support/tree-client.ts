/** The whole client on the server in memory. */

import { connect, type SftpClient } from "../../src/index.ts";
import { TreeError } from "../../src/tree/pool.ts";
import { FakeServer, type FakeServerOptions } from "./fake-server.ts";
import type { ServerRequest } from "./server-codec.ts";

export async function clientOf(
  options: FakeServerOptions = {},
): Promise<{ server: FakeServer; client: SftpClient }> {
  const server = new FakeServer(options);
  const client = await connect("ws://memory", { transport: server.open, reconnect: false });
  return { server, client };
}

/** The paths that were asked for by one operation. */
export const asked = (server: FakeServer, operation: ServerRequest["operation"]) =>
  server.requests.flatMap((it) => (it.operation === operation && "path" in it ? [it.path] : []));

/** All of it. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const it of source) all.push(it);
  return all;
}

/** Why some of it was not done. */
export async function treeError(work: PromiseLike<unknown>): Promise<TreeError> {
  const error = await work.then(
    () => undefined,
    (it: unknown) => it,
  );
  if (!(error instanceof TreeError)) throw error ?? new Error("all of it was done");
  return error;
}
