/** Rejections that nobody handles fail the test in which they come up. */

import { afterAll, afterEach, beforeAll, expect } from "vitest";

const seen: unknown[] = [];
const see = (reason: unknown) => void seen.push(reason);

export function failOnUnhandled(): void {
  beforeAll(() => void process.on("unhandledRejection", see));
  afterAll(() => void process.off("unhandledRejection", see));
  afterEach(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen.splice(0)).toEqual([]);
  });
}
