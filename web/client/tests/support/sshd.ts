/** A real OpenSSH server on loopback, with its own key and a folder for files, for one test file. */

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, Running, tool, until } from "./process.ts";
import { testUser } from "./user.ts";

/** The PAM service that `tests/setup.sh` makes; sshd takes its own name for that of its service. */
const SERVICE = "sshd-sftpbridge";

export interface SshdOptions {
  /** sshd_config lines; they win over ours. */
  readonly config?: string;
  /** The PAM service; `sshd-otp-sftpbridge` asks for a password and a code. */
  readonly service?: string;
  /** What `Subsystem sftp` says. */
  readonly subsystem?: string;
}

export class Sshd {
  readonly #process: Running;
  readonly #folder: string;
  readonly port: number;
  readonly knownHosts: string;
  /** A directory of the test user. */
  readonly files: string;

  private constructor(process: Running, folder: string, port: number) {
    this.#process = process;
    this.#folder = folder;
    this.port = port;
    this.files = join(folder, "files");
    const [type, key] = readFileSync(join(folder, "host_key.pub"), "utf8").split(" ");
    this.knownHosts = `[127.0.0.1]:${port} ${type} ${key}\n`;
  }

  static async start(options: SshdOptions = {}): Promise<Sshd> {
    if (process.getuid?.() !== 0)
      throw new Error("sshd checks passwords as root only; run the tests as root");
    mkdirSync("/run/sshd", { recursive: true });
    const folder = mkdtempSync(join(tmpdir(), "sftpbridge-web-"));
    chmodSync(folder, 0o755);
    const files = join(folder, "files");
    mkdirSync(files);
    const user = testUser();
    chownSync(files, user.uid, user.gid);
    execFileSync(tool("ssh-keygen"), ["-q", "-N", "", "-t", "ed25519", "-f", join(folder, "host_key")]);
    const program = join(folder, options.service ?? SERVICE);
    symlinkSync(tool("sshd"), program);
    for (let tries = 0; tries < 10; tries++) {
      const port = await freePort();
      writeFileSync(join(folder, "sshd_config"), configuration(folder, port, user.name, options));
      const running = new Running(program, ["-D", "-e", "-f", join(folder, "sshd_config")]);
      await until("sshd to listen", () => running.output.includes("Server listening on") || running.ended);
      if (!running.ended) return new Sshd(running, folder, port);
      if (!running.output.includes("Address already in use"))
        throw new Error(`sshd does not start: ${running.output}`);
    }
    throw new Error("no free port for sshd in ten tries");
  }

  get log(): string {
    return this.#process.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function configuration(folder: string, port: number, user: string, options: SshdOptions): string {
  return `${options.config ?? ""}
HostKey ${folder}/host_key
Subsystem sftp ${options.subsystem ?? tool("sftp-server")}
ListenAddress 127.0.0.1:${port}
PidFile none
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin no
AllowUsers ${user}
StrictModes no
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 200
LogLevel VERBOSE
`;
}
