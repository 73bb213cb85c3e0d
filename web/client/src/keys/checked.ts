/** What a key signs for a bridge: logins, and nothing else (RFC 4252, section 7). */

import { type Bytes, concat, string } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";
import type { SigningKey } from "../login/auth.ts";
import { fromBase64 } from "../login/base64.ts";

/**
 * A key for logins from one that signs anything: for agents, cards and keys of other kinds. `sign` makes the SSH signature
 * of bytes that are a login at an SSH server as the user who logs in, with this key, and by an algorithm of this key; a
 * certificate is a key as well. Everything else is a ProtocolError, and so is `ssh-rsa`, which is SHA-1. Which server
 * the login is at cannot be seen: the bridge is trusted with that, as with a password.
 */
export function checkedKey(
  publicKey: string,
  sign: (data: Bytes, algorithm: string) => Promise<Bytes>,
): SigningKey {
  return {
    publicKey,
    async sign({ algorithm, data, user }) {
      const [type = "", blob = ""] = publicKey.trim().split(/\s+/);
      const fits = type.startsWith("ssh-rsa")
        ? /^rsa-sha2-(256|512)$/.test(algorithm)
        : algorithm === type.replace(/-cert-v01(@openssh.com)$/, type.startsWith("sk-") ? "$1" : "");
      const login = concat(
        Uint8Array.of(50),
        ...[user, "ssh-connection", "publickey"].map(string),
        Uint8Array.of(1),
        string(type.replace("ssh-rsa", algorithm)),
        string(fromBase64(blob)),
      );
      const session = data.slice(4, -login.length);
      const { length } = session;
      if (!fits || length < 20 || length > 64 || `${data}` !== `${concat(string(session), login)}`)
        throw new ProtocolError(`asked to sign something else than this login (${algorithm})`);
      return sign(data, algorithm);
    },
  };
}
