import { expect, test } from "vitest";
import { fuzz } from "../../support/fuzz.ts";
import { failOnUnhandled } from "../../support/unhandled.ts";

failOnUnhandled();

test("100,000 damaged replies: each request ends as it may, and nothing else happens", async () => {
  expect(await fuzz(100_000, 1)).toBeGreaterThan(5000);
});
