import { spawn } from "node:child_process";
import { expect, test } from "vitest";

test("the adaptive window is as fast as the best fixed one on every path, and a stat beside it is quick", async () => {
  const bench = spawn(process.execPath, [new URL("../../bench/run.mjs", import.meta.url).pathname]);
  let output = "";
  for (const stream of [bench.stdout, bench.stderr]) stream.on("data", (data) => (output += String(data)));
  const code = await new Promise((resolve) => bench.on("exit", resolve));
  expect(code, output).toBe(0);
});
