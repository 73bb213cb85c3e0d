/** An sshd that asks two questions, one after the other: the password, then a one-time code (RFC 6238). */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Prompt } from "../../src/login/message.ts";
import { tool } from "./process.ts";
import type { SshdOptions } from "./sshd.ts";
import { testUser } from "./user.ts";

const SECRETS = "/var/lib/sftpbridge-test/otp";

export const asking: SshdOptions = {
  service: "sshd-otp-sftpbridge",
  config: "PasswordAuthentication no\nPubkeyAuthentication no\nKbdInteractiveAuthentication yes",
};

/** The code of now; one of four minutes ago is still taken, and any of them more than once. */
function code(): string {
  const [secret = ""] = readFileSync(`${SECRETS}/${testUser().name}`, "utf8").split("\n");
  // By stdin, so that the secret stands in no list of processes.
  return execFileSync(tool("oathtool"), ["--totp", "--base32", "-"], {
    input: secret,
    encoding: "utf8",
  }).trim();
}

/** What a person types. */
export const typed = ({ prompts }: Prompt): string[] =>
  prompts.map(({ text }) => (/password/i.test(text) ? testUser().password : code()));
