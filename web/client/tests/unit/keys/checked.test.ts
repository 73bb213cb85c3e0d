import { expect, test, vi } from "vitest";
import { type Bytes, concat, string, uint32 } from "../../../src/bytes.ts";
import { ProtocolError } from "../../../src/errors.ts";
import { checkedKey } from "../../../src/keys/index.ts";
import { base64 } from "../../../src/login/base64.ts";
import { userauth } from "../../support/transcript.ts";

const blob = concat(string("ssh-ed25519"), string(new Uint8Array(32).fill(7)));

/** Asks for a signature by a key of this type, and gives what became of it. */
function ask(type: string, algorithm: string, data: Bytes, user = "ann") {
  const sign = vi.fn(async () => Uint8Array.of(1, 2, 3));
  const key = checkedKey(`${type} ${base64(blob)} comment`, sign);
  const result = key.sign({ algorithm, data, user });
  result.catch(() => {});
  return { result, sign };
}

test.each([
  ["ssh-ed25519", "ssh-ed25519", "ssh-ed25519"],
  ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"],
  ["ssh-rsa", "rsa-sha2-512", "rsa-sha2-512"],
  ["ssh-rsa", "rsa-sha2-256", "rsa-sha2-256"],
  ["sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com"],
  ["ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"],
  ["ssh-rsa-cert-v01@openssh.com", "rsa-sha2-512", "rsa-sha2-512-cert-v01@openssh.com"],
  [
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
  ],
])("%s signs a login by %s", async (type, algorithm, named) => {
  const data = userauth("ann", named, blob);
  const { result, sign } = ask(type, algorithm, data);
  expect(await result).toEqual(Uint8Array.of(1, 2, 3));
  expect(sign).toHaveBeenCalledWith(data, algorithm);
});

test.each([
  ["ssh-rsa", "ssh-rsa"],
  ["ssh-rsa", "ssh-ed25519"],
  ["ssh-ed25519", "ssh-rsa"],
  ["ssh-ed25519", "rsa-sha2-512"],
  ["ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"],
  ["ssh-ed25519", ""],
  ["ssh-rsa-cert-v01@openssh.com", "ssh-rsa"],
])("%s does not sign by %s", async (type, algorithm) => {
  const { result, sign } = ask(type, algorithm, userauth("ann", algorithm, blob));
  await expect(result).rejects.toThrow(ProtocolError);
  expect(sign).not.toHaveBeenCalled();
});

const due = userauth("ann", "ssh-ed25519", blob);

test.each<[string, Bytes]>([
  ["nothing", new Uint8Array()],
  ["three bytes", Uint8Array.of(0, 1, 2)],
  ["another user", userauth("root", "ssh-ed25519", blob)],
  ["another algorithm", userauth("ann", "rsa-sha2-512", blob)],
  ["another key", userauth("ann", "ssh-ed25519", new Uint8Array(blob.length))],
  ["one byte more", concat(due, Uint8Array.of(0))],
  ["one byte less", due.slice(0, -1)],
  ["a session identifier of 19 bytes", userauth("ann", "ssh-ed25519", blob, new Uint8Array(19))],
  ["a session identifier of 65 bytes", userauth("ann", "ssh-ed25519", blob, new Uint8Array(65))],
  ["a session identifier longer than all", concat(uint32(0xffffffff), due)],
  ["another kind of message", due.map((byte, at) => (at === 36 ? 51 : byte))],
  ["another service", due.map((byte, at) => (at === 48 ? byte + 1 : byte))],
  ["FALSE for the signature", due.map((byte, at) => (at === 75 ? 0 : byte))],
])("%s is not signed", async (_, data) => {
  const { result, sign } = ask("ssh-ed25519", "ssh-ed25519", data);
  await expect(result).rejects.toThrow(ProtocolError);
  expect(sign).not.toHaveBeenCalled();
});

test("no byte of what is signed is free but those of the session identifier", async () => {
  for (let at = 0; at < due.length; at++) {
    const { result } = ask(
      "ssh-ed25519",
      "ssh-ed25519",
      due.map((byte, it) => (it === at ? byte ^ 1 : byte)),
    );
    const signed = await result.then(
      () => true,
      () => false,
    );
    expect([at, signed]).toEqual([at, at >= 4 && at < 36]);
  }
});
