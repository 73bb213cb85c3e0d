import { expect, test } from "vitest";
import { fuzz } from "../support/fuzz.ts";
import { failOnUnhandled } from "../support/unhandled.ts";

failOnUnhandled();

test("a million damaged replies: each request ends as it may, nothing else happens, and no memory stays", async () => {
  const seed = Date.now() % 2 ** 31;
  await fuzz(100_000, seed);
  const before = process.memoryUsage().heapUsed;
  await fuzz(900_000, seed + 1).catch((error) => {
    throw new Error(`with the seed ${seed + 1}`, { cause: error });
  });
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
});
