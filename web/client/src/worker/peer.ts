/**
 * Calls over a message port, both ways. What structured cloning cannot carry is made of one thing, functions that can be called
 * from afar: an object is its methods, a stream its `read` and `cancel`. An abort goes with the call. Only what was passed can
 * be called, and what was passed with a call lasts as long as the call.
 */

import { CLASSES } from "./errors.ts";

// biome-ignore lint/suspicious/noExplicitAny: values of any type go over the port
export type Any = any;
export type Run = (...args: Any[]) => Any;

/** A call that was made. */
export interface Call {
  /** Rejects with the reason of the signal that aborted it. A rejection that nobody handles is not reported. */
  readonly result: Promise<Any>;
  /** Calls a method of the stream or transfer that the call gives, for as long as it lasts. */
  ask(method: string, argument?: unknown): Promise<Any>;
  /** Aborts it. */
  stop(): void;
}

/** Calls one function of the other side. `told` hears of progress. */
export type Begin = (args: unknown[], told?: (news: Any) => void, ...signals: AbortSignal[]) => Call;

/** One side. */
export interface Peer {
  /** The function that `peer` was given on the other side. What is in `args` can be called for ever. */
  root(...args: unknown[]): Promise<Any>;
  /** For good: everything under way is rejected with `error`. The other side is told. */
  end(error: unknown): void;
}

/** What can be called from the other side, and how it is called there. */
interface Exposed {
  readonly run: Run;
  readonly ids?: Ids;
  readonly name?: string;
  /** The functions of one object, which end with `close`. */
  readonly group?: number[];
}

/** Of what lasts as long as a call; null for what lasts for ever. */
type Ids = number[] | null;

/** What a message needs beside itself. */
interface Used {
  readonly ids: Ids;
  readonly signals: AbortSignal[];
  readonly transfer: Transferable[];
}

/** Milliseconds between two reports of progress. */
const INTERVAL = 100;

export const ignore = (): void => {};

/**
 * `step` is 1 for the page and -1 for the worker, so that ids never meet. Functions of these names are made by `made`.
 *
 * In messages, bigints are references, since they are in nothing that a server says: 0n is the signal of the call, others are
 * functions, and the `$` of an error is its class.
 */
export function peer(
  port: MessagePort,
  step: 1 | -1,
  root: Run,
  ended: (error: unknown) => void,
  made: Record<string, (begin: Begin) => Run> = {},
): Peer {
  const exposed = new Map<number, Exposed>([[0, { run: root }]]);
  const waiting = new Map<number, Any>();
  const running = new Map<number, AbortController>();
  let last = 0;
  let over: { readonly error: unknown } | undefined;

  const post = (message: object, transfer: Transferable[] = []) =>
    over || port.postMessage(message, transfer);

  function call(
    target: number,
    args: unknown[],
    ids: Ids = [],
    told: (news: Any) => void = ignore,
    ...signals: AbortSignal[]
  ): Call {
    last += step;
    const id = last;
    const stop = () => void post({ id, stop: true });
    let signal: AbortSignal | undefined;
    const result = new Promise((resolve, reject) => {
      if (over) throw over.error;
      const transfer: Transferable[] = [];
      const packed = pack(args, { ids, signals, transfer });
      signal = AbortSignal.any(signals);
      signal.throwIfAborted();
      signal.addEventListener("abort", stop);
      post({ id, target, args: packed }, transfer);
      waiting.set(id, { resolve, reject, told });
    })
      .catch((error) => {
        signal?.throwIfAborted();
        throw error;
      })
      .finally(() => {
        signal?.removeEventListener("abort", stop);
        for (const id of ids ?? []) exposed.delete(id);
      });
    result.catch(ignore);
    const ask = (...args: unknown[]) => {
      const { result: answer } = call(id, args);
      // What is wrong with the call itself comes first. What was aborted may look like the end.
      const found = Promise.race([result.then(() => answer), answer]).finally(() => signal?.throwIfAborted());
      found.catch(ignore);
      return found;
    };
    return { result, stop, ask };
  }

  async function serve({ id, target, args }: Any): Promise<void> {
    const stop = new AbortController();
    const { run, ids = null, name, group = [] }: Partial<Exposed> = exposed.get(target) ?? {};
    const used: Used = { ids, signals: [], transfer: [] };
    running.set(id, stop);
    try {
      if (!run) throw new TypeError("closed");
      if (name === "close") for (const id of group) exposed.delete(id);
      const value = await follow(id, run(...unpack(args, stop.signal)), stop.signal);
      post({ id, value: pack(value, used) }, used.transfer);
    } catch (error) {
      try {
        post({ id, error: pack(error, used) });
      } catch {
        post({ id, error: new Error((error as Error | null)?.message) });
      }
    }
    running.delete(id);
    exposed.delete(id);
  }

  /** The result; in the worker, of a stream or a transfer, its end. */
  async function follow(id: number, value: Any, signal: AbortSignal): Promise<unknown> {
    const it = step < 0 && (value?.pause ? value : (value?.getWriter?.() ?? readerOf(value)));
    if (!it) return value;
    exposed.set(id, { run: (method, argument) => it[method](argument) });
    const stop = async () => (it.cancel ? it.cancel() : it.abort());
    signal.addEventListener("abort", () => stop().catch(ignore));
    if (it !== value) return it.closed;
    let said: unknown;
    const tell = () => {
      const news = value.progress;
      if (news !== said) post({ id, news });
      said = news;
    };
    const timer = setInterval(tell, INTERVAL);
    try {
      return await value;
    } finally {
      clearInterval(timer);
      tell();
    }
  }

  function refer(run: Run, { ids }: Used, name = "", group: number[] = []): bigint {
    last += step;
    exposed.set(last, { run, ids, name, group });
    (ids ?? group).push(last);
    return BigInt(last);
  }

  /** What structured cloning takes. Instances of classes in others are left out. */
  function pack(value: Any, used: Used, outside?: object): Any {
    if (typeof value === "function") return refer(value, used);
    if (Object(value) !== value) return value;
    if (Array.isArray(value)) return value.map((it) => pack(it, used));
    if (value instanceof AbortSignal) {
      used.signals.push(value);
      return 0n;
    }
    if (value instanceof Uint8Array) {
      // A copy: the buffer may have other users.
      const copy = value.slice();
      used.transfer.push(copy.buffer);
      return copy;
    }
    return packObject(value, used, outside);
  }

  function packObject(value: Any, used: Used, outside?: object): Any {
    const kind = CLASSES.indexOf(value.constructor);
    if (kind >= 0) {
      const { message, cause } = value;
      return { ...packMembers({ ...value, message, cause }, used), $: BigInt(kind) };
    }
    const members = membersOf(value);
    if (members) return packMembers(members, used);
    // Blobs, files, keys, maps and the like.
    if (!/ Object]/.test(Object.prototype.toString.call(value))) return value;
    return outside && !isPlain(outside) && !isPlain(value) ? undefined : packMembers(value, used);
  }

  function packMembers(object: Any, used: Used): Any {
    const packed: Any = {};
    const group: number[] = [];
    for (let at = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
      for (const name of Object.getOwnPropertyNames(at)) {
        const value = object[name];
        // What a client and a file belong to stays in the worker.
        if (typeof value === "object" && /^(connection|session)$/.test(name)) continue;
        packed[name] ??=
          typeof value === "function"
            ? refer(value.bind(object), used, name, group)
            : pack(value, used, object);
      }
    return packed;
  }

  function unpack(value: Any, signal?: AbortSignal, name = ""): Any {
    if (value === 0n) return signal;
    if (typeof value === "bigint") {
      const begin: Begin = (args, ...more) => call(Number(value), args, [], ...more);
      return made[name]?.(begin) ?? ((...args: unknown[]) => begin(args).result);
    }
    if (!Array.isArray(value) && !isPlain(value)) return value;
    const { $: kind } = value;
    for (const name in value) value[name] = unpack(value[name], signal, name);
    if (typeof kind === "bigint") {
      delete value.$;
      return Object.assign(
        Object.setPrototypeOf(new Error(""), (CLASSES[Number(kind)] ?? Error).prototype),
        value,
      );
    }
    return typeof value.pull === "function" ? streamOf(value.pull, value.cancel) : value;
  }

  function end(error: unknown): void {
    if (over) return;
    port.postMessage(null);
    port.close();
    over = { error };
    for (const { reject } of waiting.values()) reject(error);
    for (const stop of running.values()) stop.abort(error);
    // Streams and sinks that the other side has.
    for (const { run, name = "" } of exposed.values())
      if (/^(cancel|abort)$/.test(name)) Promise.resolve(error).then(run).catch(ignore);
    exposed.clear();
    ended(error);
  }

  port.onmessageerror = () => end(new Error("a message could not be read"));
  port.onmessage = ({ data }) => {
    if (!data) return end(new Error("the other side has ended"));
    const { id, stop, args, news, value, error } = data;
    if (stop) return running.get(id)?.abort();
    if (args) return serve(data);
    const { told, resolve, reject } = waiting.get(id) ?? {};
    if (news) return told?.(news);
    waiting.delete(id);
    if ("error" in data) reject?.(unpack(error));
    else resolve?.(unpack(value));
  };
  return { root: (...args) => call(0, args, null).result, end };
}

const isPlain = (value: Any): boolean => value?.constructor === Object;

/** Of a stream, or of whatever can be iterated. */
const readerOf = (value: Any): ReadableStreamDefaultReader | undefined => {
  if (value?.getReader) return value.getReader();
  const iterator = value?.[Symbol.asyncIterator]?.();
  return (
    iterator &&
    streamOf(
      () => iterator.next(),
      () => iterator.return?.(),
    ).getReader()
  );
};

/** A stream that asks for a chunk when it is read, and not before. It can be iterated everywhere. */
export const streamOf = (
  pull: () => Promise<IteratorResult<Any>>,
  cancel: (reason: unknown) => unknown,
): ReadableStream<Any> & AsyncIterable<Any> => {
  const stream = new ReadableStream(
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
};

/** A stream as methods: as a source, whose `pull` makes it a stream again, or as a sink. */
const membersOf = (stream: Any): Record<string, Run> | undefined => {
  if (stream.getWriter) {
    const writer = stream.getWriter();
    return {
      write: (chunk) => writer.write(chunk),
      close: () => writer.close(),
      abort: (reason) => writer.abort(reason),
    };
  }
  const reader = readerOf(stream);
  return reader && { pull: () => reader.read(), cancel: (reason) => reader.cancel(reason) };
};
