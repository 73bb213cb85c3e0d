import { createHash, randomBytes } from "node:crypto";
import {
  createReadStream,
  mkdtempSync,
  openAsBlob,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Bridge } from "../support/bridge.ts";
import { Disorderly } from "../support/disorderly.ts";
import { FixedWindow } from "../support/fixed-window.ts";
import { interrupted, uploadWithCuts } from "../support/interrupted.ts";
import { Link } from "../support/link.ts";
import { Sshd } from "../support/sshd.ts";

const CUTS = 20;

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part);
  return hash.digest("hex");
}

test("512 MiB, cut at 20 random moments, three times over: the right bytes, and little sent twice", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sftpbridge-web-"));
  const big = join(folder, "big");
  const size = (512 << 20) + 1;
  writeFileSync(big, randomBytes(size));
  const wanted = await hashOf(big);
  await using sshd = await Sshd.start();
  await using bridge = await Bridge.start(sshd);
  await using link = await Link.start(bridge.port);
  const there = await interrupted(bridge, link);
  const path = `${sshd.files}/file`;
  const sizes = new Set<number>();
  for (let round = 0; round < 3; round++) {
    const polling = setInterval(() => {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found) sizes.add(found.size);
    }, 2);
    const options = { size, cuts: CUTS, conflict: "overwrite" } as const;
    const { resent, allowed, cuts } = await uploadWithCuts(
      there,
      () => link.cut(),
      await openAsBlob(big),
      path,
      options,
    );
    clearInterval(polling);
    expect(cuts).toBe(CUTS);
    expect(resent).toBeLessThanOrEqual(allowed);
    expect(await hashOf(path)).toBe(wanted);
    expect(readdirSync(sshd.files)).toEqual(["file"]);
  }
  expect([...sizes]).toEqual([size]);
  await there.client.close();
  rmSync(folder, { recursive: true });
});

test("128 MiB to an upstream that writes in any order, cut at 20 random moments: every byte", async () => {
  const size = (128 << 20) + 7;
  await using disorderly = await Disorderly.start({ room: size });
  await using bridge = await Bridge.start(disorderly);
  await using link = await Link.start(bridge.port);
  const there = await interrupted(bridge, link, () => new FixedWindow(64, 65_536));
  const cut = () => {
    disorderly.cut();
    link.cut();
  };
  const bytes = randomBytes(size);
  for (const atomic of [true, false]) {
    const options = { size, cuts: CUTS, atomic };
    const { resent, allowed, cuts } = await uploadWithCuts(
      there,
      cut,
      new Blob([bytes]),
      `/${atomic}`,
      options,
    );
    expect(cuts).toBe(CUTS);
    expect(resent).toBeLessThanOrEqual(allowed);
    expect(Buffer.compare(disorderly.content(`/${atomic}`), bytes)).toBe(0);
  }
  expect(disorderly.lost).toBeGreaterThan(0);
  await there.client.close();
});
