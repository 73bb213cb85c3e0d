import { expect, test } from "vitest";
import { fuzz } from "../support/replies.ts";

test("500,000 mutated and made-up replies are read or are a ProtocolError, in little memory", () => {
  const before = process.memoryUsage();
  const { read, refused } = fuzz(500_000, 20260101);
  const after = process.memoryUsage();
  expect(read).toBeGreaterThan(50_000);
  expect(refused).toBeGreaterThan(50_000);
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 << 20);
});
