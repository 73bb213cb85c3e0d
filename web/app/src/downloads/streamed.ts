/** What is made while it is read, as a stream. */

/**
 * Nothing is made before the first read, and no more than is read. Who stops reading ends everything, by the signal that `make`
 * is given.
 */
export function streamOf(
  make: (signal: AbortSignal) => AsyncGenerator<Uint8Array>,
): ReadableStream<Uint8Array> {
  const stop = new AbortController();
  const chunks = make(stop.signal);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value } = await chunks.next();
        if (value) controller.enqueue(value);
        else controller.close();
      },
      cancel: (reason) => stop.abort(reason),
    },
    { highWaterMark: 0 },
  );
}

/** A generator goes on with them by `yield*`. */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  for (let next = await reader.read(); next.value; next = await reader.read()) yield next.value;
}
