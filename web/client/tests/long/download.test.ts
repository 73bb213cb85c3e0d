import { openSync, truncateSync } from "node:fs";
import { expect, test } from "vitest";
import { connect } from "../../src/index.ts";
import { Bridge } from "../support/bridge.ts";
import { Sshd } from "../support/sshd.ts";
import { testUser } from "../support/user.ts";

const SIZE = 3 * 2 ** 30;

test("3 GiB to a sink that keeps nothing take less than 100 MB of memory", async () => {
  await using sshd = await Sshd.start();
  await using bridge = await Bridge.start(sshd);
  const { name: user, password } = testUser();
  const client = await connect(bridge.url, { auth: { method: "password", user, password } });
  const path = `${sshd.files}/sparse`;
  openSync(path, "w");
  truncateSync(path, SIZE);
  // What the first few megabytes take is there before: the window, and the code compiled.
  await client.download(path, { write() {} }, { end: 256 * 2 ** 20 });
  const before = process.memoryUsage.rss();
  let most = 0;
  let bytes = 0;
  const sink = {
    write(chunk: Uint8Array) {
      bytes += chunk.length;
      most = Math.max(most, process.memoryUsage.rss());
    },
  };
  await client.download(path, sink);
  expect(bytes).toBe(SIZE);
  expect(most - before).toBeLessThan(100e6);
  await client.close();
});
