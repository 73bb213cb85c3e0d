import { expect, test } from "vitest";
import { fuzz } from "../support/replies.ts";

test("five million mutated and made-up replies are read or are a ProtocolError", () => {
  const seed = Date.now() >>> 0;
  expect(fuzz(5_000_000, seed).refused, `seed ${seed}`).toBeGreaterThan(500_000);
});
