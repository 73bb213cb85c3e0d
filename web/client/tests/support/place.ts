/** A bridge with an sshd behind it, and directories for cases: what every host of the cases needs. */

import { chownSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "../cases/case.ts";
import { Bridge, type BridgeOptions } from "./bridge.ts";
import { Sshd } from "./sshd.ts";
import { testUser } from "./user.ts";

export class Place {
  readonly sshd: Sshd;
  readonly bridge: Bridge;

  private constructor(sshd: Sshd, bridge: Bridge) {
    this.sshd = sshd;
    this.bridge = bridge;
  }

  static async start(options: BridgeOptions = {}): Promise<Place> {
    const sshd = await Sshd.start();
    try {
      return new Place(sshd, await Bridge.start(sshd, options));
    } catch (error) {
      await sshd[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** With a new directory. */
  env(): Env {
    const { name: user, password, uid, gid } = testUser();
    const folder = mkdtempSync(join(this.sshd.files, "case-"));
    chownSync(folder, uid, gid);
    return { url: this.bridge.url, user, password, folder };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bridge[Symbol.asyncDispose]();
    await this.sshd[Symbol.asyncDispose]();
  }
}
