import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, type SftpClient } from "../../src/index.ts";
import { windowOf } from "../../src/window/shared.ts";
import { Bridge } from "../support/bridge.ts";
import { Link } from "../support/link.ts";
import { until } from "../support/process.ts";
import { Reads } from "../support/sessions.ts";
import { Sshd } from "../support/sshd.ts";
import { testUser } from "../support/user.ts";

const SIZE = 512 * 2 ** 20;
const CUTS = 20;

let sshd: Sshd;
let bridge: Bridge;
let link: Link;
let client: SftpClient;
const reads = new Reads();

beforeAll(async () => {
  sshd = await Sshd.start();
  bridge = await Bridge.start(sshd);
  link = await Link.start(bridge.port, {});
  const { name: user, password } = testUser();
  client = await connect(link.url(bridge.url), {
    auth: { method: "password", user, password },
    transport: reads.watch(),
    reconnect: { delay: 20, maximum: 200 },
  });
});

afterAll(async () => {
  await client?.close();
  await link?.[Symbol.asyncDispose]();
  await bridge?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

/** Each 64 KiB is another. */
async function make(path: string, size: number): Promise<string> {
  const hash = createHash("sha256");
  const file = createWriteStream(path);
  const block = Buffer.alloc(65_536);
  for (let at = 0; at < size; at += block.length) {
    block.writeDoubleLE(Math.random(), at % 65_521);
    block.writeDoubleLE(at, 0);
    const copy = Buffer.from(block);
    hash.update(copy);
    if (!file.write(copy)) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
  return hash.digest("hex");
}

test("512 MiB arrive whole although the connection is cut 20 times, and little is read twice", async () => {
  const path = `${sshd.files}/large`;
  const expected = await make(path, SIZE);
  const hash = createHash("sha256");
  const sink = { write: (chunk: Uint8Array) => void hash.update(chunk) };
  const transfer = client.download(path, sink, { retry: { attempts: 50 } });
  let allowed = 0;
  for (let cut = 1; cut <= CUTS; cut++) {
    const at = (SIZE / (CUTS + 1)) * (cut + Math.random() - 0.5);
    await until(`byte ${at}`, () => transfer.progress.bytes >= at, 60_000);
    const window = windowOf(await client.connection.session(), "read");
    allowed += Math.max(window.size, window.inFlight) + 65_536;
    link.cut();
  }
  const { bytes } = await transfer;
  expect(bytes).toBe(SIZE);
  expect(hash.digest("hex")).toBe(expected);
  expect(reads.opens).toBeGreaterThan(CUTS / 2);
  expect(reads.bytes - SIZE).toBeLessThanOrEqual(allowed);
});
