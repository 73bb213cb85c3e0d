/** The system user whom the tests log in as; `tests/setup.sh` makes it and renews its password. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

export const repository = new URL("../../../../", import.meta.url).pathname;
export const target = process.env.CARGO_TARGET_DIR ?? join(repository, "target");

export interface User {
  readonly name: string;
  readonly password: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export function testUser(): User {
  const file = join(target, "test-user");
  const [name = "", password = ""] = read(file).trim().split(":");
  const line = read("/etc/passwd")
    .split("\n")
    .find((it) => it.startsWith(`${name}:`));
  if (!line) throw new Error(`no user ${name}; run: tests/setup.sh`);
  const [uid = 0, gid = 0] = line.split(":").slice(2, 4).map(Number);
  const [, , , , , home = "/"] = line.split(":");
  return { name, password, uid, gid, home };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`${file} cannot be read; run: tests/setup.sh`, { cause: error });
  }
}
