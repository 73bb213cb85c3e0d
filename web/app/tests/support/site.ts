/** What a page needs behind it: an sshd, and a bridge that serves the page. Perhaps over a slow link that can be cut. */

import { chownSync, existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Bridge, type BridgeOptions } from "../../../client/tests/support/bridge.ts";
import { Link, type LinkOptions } from "../../../client/tests/support/link.ts";
import { Sshd, type SshdOptions } from "../../../client/tests/support/sshd.ts";
import { repository, testUser } from "../../../client/tests/support/user.ts";

export interface SiteOptions extends BridgeOptions {
  /** Between the browser and the bridge. */
  readonly link?: LinkOptions;
  readonly sshd?: SshdOptions;
}

export class Site implements AsyncDisposable {
  readonly #parts: readonly AsyncDisposable[];
  readonly sshd: Sshd;
  readonly bridge: Bridge;
  /** Where there is one. */
  readonly link: Link | undefined;
  /** Of the page. */
  readonly url: string;

  private constructor(
    parts: readonly AsyncDisposable[],
    sshd: Sshd,
    bridge: Bridge,
    port: number,
    path: string,
    link?: Link,
  ) {
    this.#parts = parts;
    this.sshd = sshd;
    this.bridge = bridge;
    this.link = link;
    this.url = `http://127.0.0.1:${port}${path}/`;
  }

  static async start({ link: linkOptions, sshd: sshdOptions, ...options }: SiteOptions = {}): Promise<Site> {
    if (!existsSync(join(repository, "web/app/dist/index.html")))
      throw new Error("web/app/dist is missing; run: make web");
    const sshd = await Sshd.start(sshdOptions);
    const bridge = await Bridge.start(sshd, options);
    const link = linkOptions && (await Link.start(bridge.port, linkOptions));
    const parts = [...(link ? [link] : []), bridge, sshd];
    return new Site(parts, sshd, bridge, link?.port ?? bridge.port, options.basePath ?? "", link);
  }

  /** A new directory of the test user: its path, here and at the server. */
  folder(): string {
    const { uid, gid } = testUser();
    const folder = mkdtempSync(join(this.sshd.files, "case-"));
    chownSync(folder, uid, gid);
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts) await part[Symbol.asyncDispose]();
  }
}
