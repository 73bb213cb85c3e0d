/** The worker's half: clients for pages that ask for one. */

import type { ConnectOptions } from "../client/connection.ts";
import type { SftpClient } from "../client/sftp-client.ts";
import { connect } from "../index.ts";
import { ignore, peer, type Run } from "./peer.ts";

/** What is used of a worker's global scope. */
export interface WorkerScope {
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

/**
 * Call it at the top of the worker's script, before anything is awaited. `open` connects: with another transport, say, or with
 * options that cannot be passed from the page.
 */
export function serve(
  scope: WorkerScope = self,
  open: (url: string, options: ConnectOptions) => Promise<SftpClient> = connect,
): void {
  scope.addEventListener("message", ({ data }) => {
    const port = data?.sftpbridge;
    if (!port) return;
    let client: SftpClient | undefined;
    let over = false;
    const close = () => {
      over = true;
      client?.close().catch(ignore);
    };
    const root = async (url: string, options: ConnectOptions, tell: Run) => {
      const opened = await open(url, options);
      client = opened;
      if (over) close();
      const told = (event: object) => {
        const { state, resumption } = opened;
        tell(event, { state, resumption }).catch(ignore);
      };
      opened.connection.listen(told);
      told({});
      return opened;
    };
    peer(port, -1, root, close);
  });
}
