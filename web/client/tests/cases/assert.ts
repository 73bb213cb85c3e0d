/** Assertions for cases that run in browsers too, where there is no test runner. */

export function ok(value: unknown, claim: string): asserts value {
  if (!value) throw new Error(`not so: ${claim}`);
}

/** Equal as text, which is enough for numbers, strings and lists of them. */
export function equal(actual: unknown, expected: unknown, claim = "equal"): void {
  const [is, due] = [actual, expected].map((value) => JSON.stringify(value) ?? String(value));
  if (is !== due) throw new Error(`${claim}: ${is}, and not ${due}`);
}

/** What the promise rejects with. */
export async function rejected(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`resolved with ${String(value)} where an error was due`);
}

/** Rejects with an error of this class, which is returned. */
export async function fails<T extends Error>(
  promise: PromiseLike<unknown>,
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of a constructor do not matter here
  Kind: new (...args: any[]) => T,
): Promise<T> {
  const error = await rejected(promise);
  if (error instanceof Kind) return error;
  throw new Error(`${String(error)}, and not a ${Kind.name}`, { cause: error });
}

/** Bytes that look like nothing, and are the same each time. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** The same bytes; says where they part. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  equal(actual.length, expected.length, "length");
  const at = expected.findIndex((byte, index) => actual[index] !== byte);
  if (at >= 0) throw new Error(`byte ${at} is ${actual[at]}, and not ${expected[at]}`);
}
