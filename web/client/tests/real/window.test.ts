import { chownSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type CoreClient, connect } from "../../src/core.ts";
import { type Direction, windowOf } from "../../src/window/shared.ts";
import { Bridge } from "../support/bridge.ts";
import { FixedWindow } from "../support/fixed-window.ts";
import { Link, type LinkOptions } from "../support/link.ts";
import { until } from "../support/process.ts";
import { FILE, LIMIT, percentile, pump } from "../support/pump.ts";
import { Sshd } from "../support/sshd.ts";
import { testUser } from "../support/user.ts";

let sshd: Sshd;
let bridge: Bridge;

beforeAll(async () => {
  sshd = await Sshd.start();
  bridge = await Bridge.start(sshd);
  const { uid, gid } = testUser();
  for (const name of ["read", "write"]) {
    writeFileSync(join(sshd.files, name), "");
    chownSync(join(sshd.files, name), uid, gid);
  }
  truncateSync(join(sshd.files, "read"), FILE);
});

afterAll(async () => {
  await bridge?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

async function through(options: LinkOptions): Promise<{ client: CoreClient; link: Link }> {
  const link = await Link.start(bridge.port, options);
  const { name: user, password } = testUser();
  const auth = { method: "password", user, password } as const;
  const client = await connect(link.url(bridge.url), { auth, reconnect: false });
  onTestFinished(() => link[Symbol.asyncDispose]());
  return { client, link };
}

test.each(["write", "read"] as const)(
  "a %s fills 10 Mbit/s and 40 ms, and a stat beside it is quick",
  async (direction) => {
    const { client } = await through({ rate: 10e6, delay: 20 });
    const { rate, stats } = await pump(client, direction, join(sshd.files, direction), 4000);
    expect(rate).toBeGreaterThan(7.5e6);
    expect(percentile(stats, 0.5)).toBeLessThan(40 + 150);
  },
);

test("at 100 ms a write is many times as fast as four requests of 32 KiB", async () => {
  const rates: number[] = [];
  for (const fixed of [undefined, new FixedWindow(4, 32_768)]) {
    const { client } = await through({ rate: 200e6, delay: 50, initialWindow: 14_480 });
    rates.push((await pump(client, "write", join(sshd.files, "write"), 5000, fixed)).rate);
  }
  expect(rates[0]).toBeGreaterThan(3 * (rates[1] ?? 0));
});

test("a session that is lost ends every wait for room", async () => {
  const { client, link } = await through({ rate: 10e6, delay: 20 });
  const file = await client.open(join(sshd.files, "read"));
  const window = windowOf(file.session, "read" satisfies Direction);
  await window.reserve(window.size);
  const wait = window.reserve(LIMIT);
  link.cut();
  await expect(wait).rejects.toMatchObject({ name: "ConnectionError" });
  await expect(window.reserve(1)).rejects.toMatchObject({ name: "ConnectionError" });
  await until("the connection to be gone", () => link.connections === 0);
});
