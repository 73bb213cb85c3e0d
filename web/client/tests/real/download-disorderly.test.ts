import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { connect } from "../../src/index.ts";
import { Bridge } from "../support/bridge.ts";
import { DisorderlyReads } from "../support/disorderly-reads.ts";
import { Link } from "../support/link.ts";
import { until } from "../support/process.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("a server that answers in any order, and with less, gives the same bytes, over lost connections too", async () => {
  const content = randomBytes(8_000_001);
  await using server = await DisorderlyReads.start(content);
  await using bridge = await Bridge.start(server);
  await using link = await Link.start(bridge.port);
  const client = await connect(link.url(bridge.url), {
    auth: { method: "password", user: "user", password: "password" },
    reconnect: { delay: 20, maximum: 200 },
  });
  const whole = new Uint8Array(await new Response(client.readable("/file")).arrayBuffer());
  expect(sha256(whole)).toBe(sha256(content));
  const transfer = client.download("/file");
  for (let cut = 1; cut < 4; cut++) {
    await until("a quarter", () => transfer.progress.bytes > cut * 2_000_000);
    link.cut();
  }
  const { blob } = await transfer;
  expect(sha256(new Uint8Array(await (blob as Blob).arrayBuffer()))).toBe(sha256(content));
  expect(Math.min(server.overtaken, server.short)).toBeGreaterThan(50);
  await client.close();
});
