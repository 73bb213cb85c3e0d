/** Streams of what is pulled. */

/** A stream that asks for a chunk when it is read, and not before. It can be iterated everywhere. */
export function streamOf<T>(
  pull: () => Promise<IteratorResult<T, unknown>>,
  cancel: (reason: unknown) => unknown,
): ReadableStream<T> & AsyncIterable<T> {
  const stream = new ReadableStream<T>(
    {
      async pull(controller) {
        const { done, value } = await pull();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async (reason) => void cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return Object.assign(stream, {
    async *[Symbol.asyncIterator]() {
      const reader = stream.getReader();
      try {
        for (let it = await reader.read(); !it.done; it = await reader.read()) yield it.value;
      } finally {
        await reader.cancel();
      }
    },
  });
}
