/** The SFTP of the package `ssh2`, either side, without SSH around it: packets in, packets out. */

import { createRequire } from "node:module";
import type { SFTPWrapper } from "ssh2";
import type { Bytes } from "../../src/bytes.ts";

interface Ssh2Sftp extends SFTPWrapper {
  push(packet: Buffer): void;
  _init(): void;
  handle(id: number, handle: Buffer): void;
  status(id: number, code: number, message?: string): void;
  data(id: number, data: Buffer): void;
  name(id: number, names: object[]): void;
  attrs(id: number, attributes: object): void;
  ext_copy_data(
    from: Buffer,
    offset: number,
    length: number,
    to: Buffer,
    toOffset: number,
    cb: Callback,
  ): void;
  ext_home_dir(user: string, cb: Callback): void;
  ext_users_groups(uids: readonly number[], gids: readonly number[], cb: Callback): void;
}

// biome-ignore lint/suspicious/noExplicitAny: ssh2 gives each callback other arguments
export type Callback = (...args: any[]) => void;

const { SFTP } = createRequire(import.meta.url)("ssh2/lib/protocol/SFTP.js") as {
  SFTP: new (client: object, channel: object, options: object) => Ssh2Sftp;
};

/** One side, and what it sends. */
export interface Side {
  readonly sftp: Ssh2Sftp;
  /** Takes what was sent since the last time. */
  sent(): Bytes;
  /** Each packet goes in as a whole. Anything that ssh2 takes for malformed is thrown. */
  receive(packet: Uint8Array): void;
}

/** `server: false` is the client. It takes the other side for OpenSSH, which is how it orders the fields of SYMLINK. */
export function ssh2Side(server: boolean): Side {
  let out: Buffer[] = [];
  const protocol = {
    _remoteIdentRaw: "SSH-2.0-OpenSSH_9.2",
    channelData: (_channel: number, data: Buffer) => out.push(Buffer.from(data)),
    channelClose: () => {},
  };
  const end = () => ({
    id: 0,
    window: Number.MAX_SAFE_INTEGER,
    packetSize: Number.MAX_SAFE_INTEGER,
    state: "open",
  });
  const channel = { type: "sftp", incoming: end(), outgoing: end() };
  const sftp = new SFTP({ _protocol: protocol }, channel, { server, biOpt: "maybe" });
  let failed: Error | undefined;
  sftp.on("error", (error: Error) => {
    failed = error;
  });
  return {
    sftp,
    sent: () => {
      const sent = Buffer.concat(out);
      out = [];
      return new Uint8Array(sent) as Bytes;
    },
    receive: (packet) => {
      sftp.push(Buffer.from(packet));
      if (failed) throw failed;
    },
  };
}
