/** Zip files, as other programs find them. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tool } from "../../../client/tests/support/process.ts";

/** Throws with what `unzip -t` finds wrong. */
export function testZip(path: string): void {
  execFileSync(tool("unzip"), ["-tqq", path], { stdio: "pipe" });
}

/** The folder into which it was unpacked; gone at the end. */
export class Unpacked implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "sftpbridge-unzip-"));

  constructor(zip: string) {
    execFileSync(tool("unzip"), ["-qq", "-o", zip, "-d", this.path], {
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
