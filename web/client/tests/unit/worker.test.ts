import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test, vi } from "vitest";
import { AuthError, ConnectionError, SftpError } from "../../src/errors.ts";
import { KeyError } from "../../src/keys/index.ts";
import { Transfer } from "../../src/transfer/transfer.ts";
import { connectInWorker, type RemoteClient, serve } from "../../src/worker/index.ts";
import { until } from "../support/process.ts";

const MIB = 1 << 20;

/** A worker without a thread of its own: what is posted arrives as with a real one. */
class FakeWorker extends EventTarget {
  readonly scope = new EventTarget() as never;
  terminated = false;
  readonly #channel = new MessageChannel();

  constructor() {
    super();
    const scope: EventTarget = this.scope;
    this.#channel.port2.onmessage = ({ data }) => scope.dispatchEvent(new MessageEvent("message", { data }));
    ends.push(() => this.#channel.port1.close());
  }

  postMessage(message: unknown, transfer: Transferable[]) {
    this.#channel.port1.postMessage(message, transfer);
  }

  terminate() {
    this.terminated = true;
  }
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

class FakeConnection {
  readonly listeners: ((event: object) => void)[] = [];

  listen(listener: (event: object) => void) {
    this.listeners.push(listener);
  }
}

class FakeClient {
  state = "ready";
  closed = false;
  readonly connection = new FakeConnection();

  constructor(methods: object) {
    Object.assign(this, methods);
  }

  emit(event: object) {
    for (const listener of this.connection.listeners) listener(event);
  }

  async close() {
    this.closed = true;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: methods that no real client has
type Loose = Omit<RemoteClient, "copy" | "readable" | "open"> & Record<string, any>;

async function remote(methods: object, options: object = {}) {
  const worker = new FakeWorker();
  const client = new FakeClient(methods);
  serve(worker.scope, async () => client as never);
  const found = await connectInWorker(() => worker as unknown as Worker, "ws://x/", options);
  ends.push(() => void found.close().catch(() => {}));
  return { remote: found as unknown as Loose, client, worker };
}

const rejection = (promise: PromiseLike<unknown>) =>
  Promise.resolve(promise).then(
    () => {
      throw new Error("resolved");
    },
    (error) => error,
  );

test("arguments and results pass as they are, bytes as copies", async () => {
  const { remote: it } = await remote({
    echo: async (...args: unknown[]) => args,
  });
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  const args = [1, "two", undefined, null, { a: [bytes] }, new Map([["x", 1]]), new Blob(["x"])];
  const back = await it.echo(...args);
  expect(back.slice(0, 6)).toEqual(args.slice(0, 6));
  expect([...back[4].a[0]]).toEqual([2, 3]);
  expect(back[4].a[0].buffer.byteLength).toBe(2);
  expect(await back[6].text()).toBe("x");
  expect([...bytes]).toEqual([2, 3]);
});

test("errors keep their class and their fields", async () => {
  const errors = [
    new SftpError(3, "open", "/x", "no"),
    new ConnectionError("lost", 1001, "away", false),
    new AuthError({ message: "no", code: "refused", methods: ["password"], retry_after: 3 }),
    new RangeError("too large"),
    Object.assign(new ConnectionError("with a cause"), { cause: new SftpError(2, "stat", "/", "") }),
  ];
  const { remote: it } = await remote({
    fail: async (index: number) => {
      throw errors[index];
    },
  });
  for (const [index, error] of errors.entries()) {
    const got = await rejection(it.fail(index));
    expect(got).toBeInstanceOf(error.constructor);
    expect(got.message).toBe(error.message);
    expect({ ...got }).toMatchObject({ ...error });
  }
  expect((await rejection(it.fail(0))).retryable).toBe(false);
  expect((await rejection(it.fail(4))).cause).toBeInstanceOf(SftpError);
});

test("an abort reaches the worker, and rejects with the reason itself", async () => {
  let seen: AbortSignal | undefined;
  const { remote: it } = await remote({
    wait: (_: string, { signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) => {
        signal.throwIfAborted();
        seen = signal;
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  const abort = new AbortController();
  const failed = rejection(it.wait("x", { signal: abort.signal }));
  await until("the call", () => seen);
  const reason = { mine: true };
  abort.abort(reason);
  expect(await failed).toBe(reason);
  expect(await rejection(it.wait("x", { signal: AbortSignal.abort(reason) }))).toBe(reason);
});

test("functions in the options are called back, with signals of their own", async () => {
  const { remote: it } = await remote({
    ask: async ({ how }: { how: { conflict: (...args: unknown[]) => Promise<string> } }) => {
      const abort = new AbortController();
      const answer = how.conflict({ path: "x" }, abort.signal);
      abort.abort();
      await answer.catch(() => {});
      return how.conflict({ path: "x" }, new AbortController().signal);
    },
  });
  let signals = 0;
  const how = {
    answer: "skip",
    async conflict(asked: unknown, signal: AbortSignal) {
      expect(asked).toEqual({ path: "x" });
      if (signals++) return this.answer;
      return new Promise<string>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason)),
      );
    },
  };
  expect(await it.ask({ how })).toBe("skip");
  expect(signals).toBe(2);
});

test("async iterables and functions are arguments too", async () => {
  const { remote: it } = await remote({
    async upper(source: AsyncIterable<string>, map: (text: string) => Promise<string>) {
      const all = [];
      for await (const item of source) all.push(await map(item));
      return all;
    },
  });
  async function* source() {
    yield "a";
    yield "b";
  }
  expect(await it.upper(source(), (text: string) => text.toUpperCase())).toEqual(["A", "B"]);
});

test("lists are pulled one at a time, and told when nobody wants more", async () => {
  let made = 0;
  let ended = false;
  const { remote: it } = await remote({
    async *list() {
      try {
        for (;;) yield [made++];
      } finally {
        ended = true;
      }
    },
  });
  const seen = [];
  for await (const [number] of it.list("/")) {
    seen.push(number);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual([0, 1, 2]);
  expect(made).toBe(3);
  await until("the end", () => ended);
});

test("a list that fails, fails with the error and not before it is read", async () => {
  const { remote: it } = await remote({
    async *list() {
      yield [1];
      throw new SftpError(3, "readdir", "/", "no");
    },
    walk() {
      throw new RangeError("no such depth");
    },
  });
  const list = it.list("/")[Symbol.asyncIterator]();
  expect(await list.next()).toEqual({ done: false, value: [1] });
  expect(await rejection(list.next())).toBeInstanceOf(SftpError);
  expect(await list.next()).toEqual({ done: true, value: undefined });
  expect(await rejection(it.walk("/")[Symbol.asyncIterator]().next())).toBeInstanceOf(RangeError);
});

test("a transfer reports, pauses, goes on, and ends", async () => {
  const called: string[] = [];
  let finish = (_: unknown) => {};
  const result = new Promise((resolve) => {
    finish = resolve;
  });
  let report = (_: object) => {};
  const transfer = new Transfer((control) => {
    report = control.report;
    return result;
  });
  for (const name of ["pause", "resume"] as const) {
    const { [name]: original } = transfer;
    transfer[name] = () => {
      called.push(name);
      original.call(transfer);
    };
  }
  const { remote: it } = await remote({ upload: () => transfer });
  const upload = it.upload(new Blob(["123456789"]), "/x");
  const states: unknown[] = [];
  const watching = (async () => {
    for await (const { bytes } of upload) states.push(bytes);
  })();
  upload.pause();
  upload.resume();
  await until("both", () => called.length === 2);
  report({ bytes: 5 });
  await until("the progress", () => upload.progress.bytes === 5);
  report({ bytes: 9 });
  finish("result");
  expect(await upload).toBe("result");
  expect(upload.progress).toMatchObject({ bytes: 9, state: "done" });
  await watching;
  expect(called).toEqual(["pause", "resume"]);
  expect(states.at(-1)).toBe(9);
});

test("streams go both ways, one chunk at a time", async () => {
  let pulled = 0;
  const written: number[] = [];
  const { remote: it } = await remote({
    readable: () =>
      new ReadableStream(
        {
          pull: (controller) => {
            if (pulled === 5) controller.close();
            else controller.enqueue(Uint8Array.of(pulled++));
          },
        },
        { highWaterMark: 0 },
      ),
    writable: () => new WritableStream({ write: (chunk) => void written.push(...chunk) }),
    async copy(from: ReadableStream, to: { write(chunk: unknown): Promise<void>; close(): Promise<void> }) {
      await from.pipeTo(new WritableStream({ write: (chunk) => to.write(chunk) }));
      await to.close();
    },
  });
  expect([...new Uint8Array(await new Response(it.readable("/x")).arrayBuffer())]).toEqual([0, 1, 2, 3, 4]);
  const writer = it.writable("/x").getWriter();
  await writer.write(Uint8Array.of(7, 8));
  await writer.close();
  expect(written).toEqual([7, 8]);
  const chunks: unknown[] = [];
  await it.copy(
    new Blob(["abc"]).stream(),
    new WritableStream({ write: (chunk) => void chunks.push(...chunk) }),
  );
  expect(chunks).toEqual([97, 98, 99]);
});

test("a stream that runs on holds none of what was read of it", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { remote: it } = await remote({
    readable: () => new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(MIB)) }),
  });
  const reader = it.readable("/endless").getReader();
  for (let read = 0; read < 64; read++) await reader.read();
  // Buffers go a moment after the garbage is collected.
  await until("their memory to be free", () => {
    collect();
    return process.memoryUsage().arrayBuffers < 16 * MIB;
  });
  await reader.cancel();
});

test("what stops being read is cancelled in the worker", async () => {
  let asked = false;
  let cancelled = false;
  const { remote: it } = await remote({
    readable: () =>
      new ReadableStream({
        pull() {
          asked = true;
          return new Promise(() => {});
        },
        cancel() {
          cancelled = true;
        },
      }),
  });
  const reader = it.readable("/x").getReader();
  const reading = reader.read();
  await until("the first pull", () => asked);
  await reader.cancel();
  await reading;
  await until("the cancellation", () => cancelled);
});

test("objects with methods are called where they are, until they are closed", async () => {
  class File {
    path = "/x";
    session = new FakeClient({});
    async read() {
      return "content";
    }
    async close() {}
  }
  const opened = new File();
  const { remote: it } = await remote({
    open: async () => opened,
  });
  const file = await it.open("/x");
  expect(await file.read()).toBe("content");
  expect((file as unknown as File).path).toBe("/x");
  await file.close();
  await expect(file.read()).rejects.toThrow(TypeError);
});

test("nothing but public methods can be called", async () => {
  const { remote: it, client } = await remote({ stat: async () => 1 });
  expect(it.constructor).not.toBe(FakeClient);
  expect("then" in it).toBe(false);
  expect((it as { connection?: unknown }).connection).toBe(undefined);
  expect(client.closed).toBe(false);
});

test("what cannot be passed is an error of the call alone", async () => {
  const { remote: it } = await remote({
    stat: async () => 1,
    odd: async () => Symbol("x"),
    worse: async () => {
      throw Object.assign(new ConnectionError("worse"), { cause: Symbol("x") });
    },
  });
  await expect(it.stat(Symbol("x") as never)).rejects.toThrow();
  await expect(it.odd()).rejects.toThrow();
  await expect(it.worse()).rejects.toThrow("worse");
  expect(await it.stat("/")).toBe(1);
});

test("a worker that dies rejects everything with a ConnectionError", async () => {
  const {
    remote: it,
    worker,
    client,
  } = await remote({
    stat: () => new Promise(() => {}),
    upload: () => new Transfer(() => new Promise(() => {})),
    async *list() {
      await new Promise(() => {});
    },
  });
  const states: unknown[] = [];
  it.listen(({ state }) => states.push(state));
  const upload = it.upload(new Blob(), "/x");
  const failures = [it.stat("/"), upload, it.list("/")[Symbol.asyncIterator]().next()].map(rejection);
  worker.dispatchEvent(Object.assign(new Event("error"), { message: "out of memory" }));
  for (const error of await Promise.all(failures)) expect(error).toBeInstanceOf(ConnectionError);
  expect(await rejection(it.stat("/"))).toBeInstanceOf(ConnectionError);
  expect([it.state, states, worker.terminated]).toEqual(["closed", ["closed"], true]);
  expect(upload.progress.state).toBe("failed");
  await until("the client in the worker to be closed", () => client.closed);
});

test("state and notices are told", async () => {
  const { remote: it, client } = await remote({});
  const events: unknown[] = [];
  const stop = it.listen((event) => events.push(event));
  client.state = "reconnecting";
  client.emit({ state: "reconnecting" });
  await until("the event", () => events.length);
  expect(it.state).toBe("reconnecting");
  stop();
  client.emit({ notice: { kind: "drain" } });
  await it.close();
  await it.close();
  expect(events[0]).toEqual({ state: "reconnecting" });
  expect(client.closed).toBe(true);
});

test("connecting is given up with the signal's reason, even where nobody answers", async () => {
  const worker = new FakeWorker();
  const abort = new AbortController();
  const connecting = connectInWorker(() => worker as unknown as Worker, "ws://x/", { signal: abort.signal });
  const reason = new Error("enough");
  abort.abort(reason);
  expect(await rejection(connecting)).toBe(reason);
  expect(worker.terminated).toBe(true);
});

test("a stream that a callback gives is written to", async () => {
  const written: unknown[] = [];
  const { remote: it } = await remote({
    async into(open: () => Promise<{ write(chunk: unknown): Promise<void>; close(): Promise<void> }>) {
      const sink = await open();
      await sink.write("x");
      await sink.close();
    },
  });
  await it.into(() => new WritableStream({ write: (chunk) => void written.push(chunk) }));
  expect(written).toEqual(["x"]);
});

test("streams of the page are told when the worker dies", async () => {
  const {
    remote: it,
    worker,
    client,
  } = await remote({
    copy: (from: ReadableStream) =>
      from
        .getReader()
        .read()
        .then(() => new Promise(() => {})),
  });
  const ends: unknown[] = [];
  const source = new ReadableStream({
    pull: (controller) => controller.enqueue("x"),
    cancel: (reason) => void ends.push(reason),
  });
  const sink = new WritableStream({ abort: (reason) => void ends.push(reason) });
  const failed = rejection(it.copy(source, sink));
  worker.dispatchEvent(Object.assign(new Event("error"), { message: "out of memory" }));
  const error = await failed;
  await until("both", () => ends.length === 2);
  expect(ends).toEqual([error, error]);
  await until("the client in the worker to be closed", () => client.closed);
});

test("two clients in one worker both hear of its end, in whatever order they were made and closed", async () => {
  const worker = new FakeWorker();
  const clients = Array.from({ length: 3 }, () => new FakeClient({ stat: () => new Promise(() => {}) }));
  let next = 0;
  serve(worker.scope, async () => clients[next++] as never);
  const make = () => connectInWorker(worker as unknown as Worker, "ws://x/");
  const [first, second, third] = [await make(), await make(), await make()];
  const failures = [first, third].map((it) => rejection(it.stat("/")));
  await second.close();
  worker.terminate();
  for (const error of await Promise.all(failures)) expect(error).toBeInstanceOf(ConnectionError);
  expect([first.state, second.state, third.state]).toEqual(["closed", "closed", "closed"]);
});

test("a call leaves no listener on its signal", async () => {
  const { remote: it } = await remote({
    stat: async () => 1,
    fail: async () => Promise.reject(new Error("no")),
  });
  const { signal } = new AbortController();
  const heard: string[] = [];
  for (const name of ["addEventListener", "removeEventListener"] as const) {
    const { [name]: original } = signal;
    signal[name] = function (this: AbortSignal, ...args: never) {
      heard.push(name);
      return (original as never as () => void).apply(this, args);
    };
  }
  await it.stat("/", { signal });
  await rejection(it.fail("/", { signal }));
  expect(heard.filter((name) => name === "addEventListener").length).toBe(
    heard.filter((name) => name === "removeEventListener").length,
  );
});

test("a KeyError of a key is a KeyError for the page", async () => {
  const { remote: it } = await remote({
    login: async ({ key }: { key: { sign(): Promise<unknown> } }) => key.sign(),
  });
  const sign = () => Promise.reject(new KeyError("failed", "no room"));
  const error = await rejection(it.login({ key: { publicKey: "x", sign } }));
  expect(error).toBeInstanceOf(KeyError);
  expect(error.code).toBe("failed");
});

test("a message that cannot be read ends it: what is under way is rejected", async () => {
  const ports: MessagePort[] = [];
  const Channel = MessageChannel;
  vi.stubGlobal(
    "MessageChannel",
    class extends Channel {
      constructor() {
        super();
        ports.push(this.port1);
      }
    },
  );
  const { remote: it } = await remote({ hang: () => new Promise(() => {}) });
  vi.unstubAllGlobals();
  const hanging = rejection(it.hang());
  // The first is that of the stand-in for a worker.
  ports[1]?.dispatchEvent(new Event("messageerror"));
  expect(await hanging).toMatchObject({ message: "a message could not be read" });
});

test("what is thrown and cannot be passed, nor shown, still rejects", async () => {
  const { remote: it } = await remote({
    odd: async () => {
      throw Object.assign(Object.create(null), { x: Symbol("x") });
    },
  });
  expect(await rejection(it.odd())).toBeInstanceOf(Error);
});

test("a stream that is aborted is errored with the reason, and never just at its end", async () => {
  const { remote: it } = await remote({
    readable: () => new ReadableStream({ pull: () => new Promise(() => {}) }),
  });
  const abort = new AbortController();
  const reason = { mine: true };
  const reader = it.readable("/x", { signal: abort.signal }).getReader();
  const failed = rejection(reader.read());
  await new Promise((resolve) => setTimeout(resolve, 20));
  abort.abort(reason);
  expect(await failed).toBe(reason);
  expect(await rejection(reader.closed)).toBe(reason);
});

test("a transfer that is over is paused and resumed without an effect", async () => {
  const { remote: it } = await remote({
    upload: () => new Transfer(async () => 5),
  });
  const upload = it.upload(new Blob(), "/x");
  expect(await upload).toBe(5);
  upload.pause();
  upload.resume();
  upload.cancel();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(upload.progress.state).toBe("done");
});
