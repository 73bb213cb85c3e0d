/**
 * Calls over a message port, both ways. What structured cloning cannot carry is made of one thing, objects whose methods can be
 * called from afar: a stream is its reader or writer, a function an object with one method that has no name. An abort goes with the
 * call. What was passed with a call lasts as long as the call.
 */

import { streamOf } from "../stream.ts";
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

/** An object whose methods can be called from the other side. */
interface Exposed {
  readonly it: Any;
  readonly ids?: Ids;
}

/** Of what lasts as long as a call; null for what lasts until its `close` is called. */
type Ids = number[] | null;

/** What a message needs beside itself. */
interface Used {
  readonly ids: Ids;
  readonly signals: AbortSignal[];
}

/** Milliseconds between two reports of progress. */
const INTERVAL = 100;

export const ignore = (): void => {};

/**
 * `step` is 1 for the page and -1 for the worker, so that ids never meet. Methods of these names are made by `made`.
 *
 * In messages, bigints are references, since they are in nothing that a server says: 0n is the signal of the call, in the place of a
 * method is its object, and the `$` of an error is its class.
 */
export function peer(
  port: MessagePort,
  step: 1 | -1,
  root: Run,
  ended: (error: unknown) => void,
  made: Record<string, (begin: Begin) => Run> = {},
): Peer {
  const exposed = new Map<number, Exposed>([[0, { it: { "": root } }]]);
  const waiting = new Map<number, Any>();
  const running = new Map<number, AbortController>();
  let last = 0;
  let over: { readonly error: unknown } | undefined;

  const post = (message: object) => over || port.postMessage(message);

  function call(
    target: number,
    method: string,
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
      const packed = pack(args, { ids, signals });
      signal = AbortSignal.any(signals);
      signal.throwIfAborted();
      signal.addEventListener("abort", stop);
      post({ id, target, method, args: packed });
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
    const ask = (method: string, ...args: unknown[]) => {
      const found = call(id, method, args)
        .result.catch(async (error) => {
          // What is wrong with the call itself comes first. Not by a race, in which `result` would hold every answer.
          if (!waiting.has(id)) await result;
          throw error;
        })
        // What was aborted may look like the end.
        .finally(() => signal?.throwIfAborted());
      found.catch(ignore);
      return found;
    };
    return { result, stop, ask };
  }

  async function serve({ id, target, method, args }: Any): Promise<void> {
    const stop = new AbortController();
    const { it, ids = null }: Partial<Exposed> = exposed.get(target) ?? {};
    const used: Used = { ids, signals: [] };
    running.set(id, stop);
    try {
      if (!it) throw new TypeError("closed");
      if (method === "close" && !ids) exposed.delete(target);
      const value = await follow(id, it[method](...unpack(args, stop.signal)), stop.signal);
      post({ id, value: pack(value, used) });
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
    const it = step < 0 && (value?.pause ? value : endOf(value));
    if (!it) return value;
    exposed.set(id, { it });
    signal.addEventListener("abort", () => cancel(it, signal.reason));
    if (it !== value) return it.closed;
    const over = value.then(ignore, ignore);
    for await (const news of value) {
      post({ id, news });
      await Promise.race([over, new Promise((resolve) => setTimeout(resolve, INTERVAL))]);
    }
    return value;
  }

  function refer(it: Any, { ids }: Used): bigint {
    last += step;
    exposed.set(last, { it, ids });
    ids?.push(last);
    return BigInt(last);
  }

  /** What structured cloning takes. */
  function pack(value: Any, used: Used): Any {
    if (typeof value === "function") return refer({ "": value }, used);
    if (Array.isArray(value)) return value.map((it) => pack(it, used));
    return Object(value) === value ? packObject(value, used) : value;
  }

  function packObject(value: Any, used: Used): Any {
    if (value instanceof AbortSignal) {
      used.signals.push(value);
      return 0n;
    }
    // With a view would go all of its buffer.
    if (value instanceof Uint8Array) return value.slice();
    const kind = CLASSES.indexOf(value.constructor);
    if (kind >= 0) {
      const { message, cause } = value;
      return { ...packMembers({ ...value, message, cause }, used), $: BigInt(kind) };
    }
    const object = endOf(value) ?? value;
    // Blobs, files, keys, maps and the like go as they are.
    const known = object === value && !/ Object]/.test(Object.prototype.toString.call(value));
    return known ? value : packMembers(object, used);
  }

  /** Of an instance of a class its methods, and what is no object: what else it has stays where it is. */
  function packMembers(object: Any, used: Used): Any {
    const packed: Any = {};
    let id: bigint | undefined;
    for (let at = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
      for (const name of Object.getOwnPropertyNames(at)) {
        const value = object[name];
        if (typeof value === "function") {
          id ??= refer(object, used);
          packed[name] ??= id;
        } else if (isPlain(object) || typeof value !== "object" || value instanceof Uint8Array)
          packed[name] ??= pack(value, used);
      }
    return packed;
  }

  function callable(id: bigint, name: string): Run {
    const begin: Begin = (args, ...more) => call(Number(id), name, args, [], ...more);
    return made[name]?.(begin) ?? ((...args) => begin(args).result);
  }

  function unpack(value: Any, signal?: AbortSignal, name = ""): Any {
    if (typeof value === "bigint") return value ? callable(value, name) : signal;
    if (Array.isArray(value)) return value.map((it) => unpack(it, signal));
    return isPlain(value) ? unpackMembers(value, signal) : value;
  }

  function unpackMembers({ $: kind, ...packed }: Any, signal?: AbortSignal): Any {
    const members: Any = {};
    for (const name in packed) members[name] = unpack(packed[name], signal, name);
    if (typeof kind === "bigint") return errorOf(kind, members);
    // Of a reader.
    return members.releaseLock && members.read ? streamOf(members.read, members.cancel) : members;
  }

  function end(error: unknown): void {
    if (over) return;
    port.postMessage(null);
    port.close();
    over = { error };
    for (const { reject } of waiting.values()) reject(error);
    for (const stop of running.values()) stop.abort(error);
    // Streams and sinks that the other side has.
    for (const { it } of exposed.values()) cancel(it, error);
    exposed.clear();
    ended(error);
  }

  port.onmessageerror = () => end(new Error("a message could not be read"));
  port.onmessage = ({ data }) => {
    if (!data) return end(new Error("the other side ended"));
    const { id, stop, args, news, value, error } = data;
    if (stop) return running.get(id)?.abort();
    if (args) return serve(data);
    const { told, resolve, reject } = waiting.get(id) ?? {};
    if (news) return told?.(news);
    waiting.delete(id);
    if ("error" in data) reject?.(unpack(error));
    else resolve?.(unpack(value));
  };
  return { root: (...args) => call(0, "", args, null).result, end };
}

const cancel = (it: Any, reason: unknown) =>
  void Promise.resolve(reason)
    .then((reason) => (it.cancel ? it.cancel(reason) : it.abort?.(reason)))
    .catch(ignore);

const isPlain = (value: Any): boolean => value?.constructor === Object;

function errorOf(kind: bigint, members: object): Error {
  const { prototype } = CLASSES[Number(kind)] ?? Error;
  return Object.assign(Object.setPrototypeOf(new Error(""), prototype), members);
}

/** The writer or reader of a stream, and a reader of whatever else can be iterated. */
const endOf = (value: Any): Any => {
  if (value?.getWriter) return value.getWriter();
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
