/** A real bridge in front of a real sshd, and a client that is logged in: for one test file. */

import { connect, type SftpClient } from "../../src/index.ts";
import { Bridge } from "./bridge.ts";
import { Sshd, type SshdOptions } from "./sshd.ts";
import { testUser } from "./user.ts";

export class Peers {
  readonly sshd: Sshd;
  readonly bridge: Bridge;
  readonly client: SftpClient;
  /** A directory of the test user. */
  readonly files: string;

  private constructor(sshd: Sshd, bridge: Bridge, client: SftpClient) {
    this.sshd = sshd;
    this.bridge = bridge;
    this.client = client;
    this.files = sshd.files;
  }

  static async start(options: SshdOptions = {}): Promise<Peers> {
    const sshd = await Sshd.start(options);
    const bridge = await Bridge.start(sshd);
    const { name: user, password } = testUser();
    const client = await connect(bridge.url, { auth: { method: "password", user, password } });
    return new Peers(sshd, bridge, client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.bridge[Symbol.asyncDispose]();
    await this.sshd[Symbol.asyncDispose]();
  }
}
