/** What the server can do beyond version 3, asked once a connection, so that commands can say at once what is lacking. */

import { signal } from "@preact/signals";
import type { Feature } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";

const ASKED = [
  "copy-data",
  "hardlink@openssh.com",
  "statvfs@openssh.com",
  "lsetstat@openssh.com",
  "users-groups-by-id@openssh.com",
  "check-file",
] as const satisfies readonly Feature[];
export type Asked = (typeof ASKED)[number];

export class Features {
  readonly #lacking = signal<ReadonlySet<Asked>>(new Set());
  readonly #client: RemoteClient;

  constructor(client: RemoteClient) {
    this.#client = client;
    // After a reconnection it may be another server.
    client.listen(({ state }) => state === "ready" && void this.#ask());
    void this.#ask();
  }

  /** Whether it is known that the server does not have it. */
  lacks(feature: Asked): boolean {
    return this.#lacking.value.has(feature);
  }

  async #ask(): Promise<void> {
    try {
      const has = await Promise.all(ASKED.map((feature) => this.#client.supports(feature)));
      this.#lacking.value = new Set(ASKED.filter((_, index) => !has[index]));
    } catch {
      // The connection is lost: what is known stays, and the next connection is asked.
    }
  }
}
