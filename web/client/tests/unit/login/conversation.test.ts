import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AuthError, ConnectionError, ProtocolError } from "../../../src/errors.ts";
import type { AskAuth, AuthSource } from "../../../src/login/auth.ts";
import { type LoginOptions, login } from "../../../src/login/conversation.ts";
import { failure, HELLO, READY, ScriptedTransport, settled } from "../../support/scripted-transport.ts";
import { failOnUnhandled } from "../../support/unhandled.ts";

const PASSWORD = { method: "password", user: "ann", password: "secret" } as const;
const QUESTION = {
  type: "prompt",
  id: 1,
  name: "",
  instruction: "",
  prompts: [{ text: "Code: ", echo: true }],
};

failOnUnhandled();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** A login under way, and what becomes of it. */
function begin(auth: AuthSource, more: Partial<LoginOptions> = {}) {
  const transport = new ScriptedTransport();
  const controller = new AbortController();
  const outcome = login(transport, { auth, signal: controller.signal, ...more });
  outcome.catch(() => {});
  return { transport, outcome, controller };
}

async function tell(transport: ScriptedTransport, ...messages: (object | string)[]) {
  for (const message of messages) {
    transport.deliver(message);
    await settled();
  }
}

test("of several, a failure picks the next that it names", async () => {
  const auth = [
    PASSWORD,
    { method: "bearer", token: "a.b.c" },
    { method: "keyboard-interactive", user: "ann" },
  ] as const;
  const { transport, outcome } = begin(auth);
  await tell(transport, HELLO, failure("refused", { methods: ["keyboard-interactive"] }));
  expect(transport.said.map(({ method }) => method)).toEqual(["password", "keyboard-interactive"]);
  await tell(transport, failure("refused", { methods: ["keyboard-interactive"] }));
  await expect(outcome).rejects.toMatchObject({ code: "refused", methods: ["keyboard-interactive"] });
  expect(transport.closed).toBe(4000);
});

test("a method that is not taken yet is tried again when a partial success names it", async () => {
  const key = { publicKey: "ssh-ed25519 AAAA", sign: () => Promise.reject() };
  const { transport, outcome } = begin([PASSWORD, { method: "publickey", user: "ann", key }]);
  await tell(transport, HELLO, failure("method-unavailable", { methods: ["publickey"] }));
  await tell(transport, failure("partial", { methods: ["password"] }), READY);
  expect(transport.said.map(({ method }) => method)).toEqual(["password", "publickey", "password"]);
  expect((await outcome).user).toBe("ann");
});

test("a function hears of each failure, and ends the login by returning nothing", async () => {
  const source = vi.fn<AskAuth>().mockReturnValueOnce(PASSWORD).mockReturnValueOnce(undefined);
  const { transport, outcome } = begin(source);
  await tell(transport, HELLO, failure("refused"));
  await expect(outcome).rejects.toThrow(AuthError);
  expect(source.mock.calls.map(([step]) => step.failure?.code)).toEqual([undefined, "refused"]);
  expect(source.mock.calls[0]?.[0].hello).toEqual(HELLO);
});

test("only what a method needs is sent, whatever else is in the object", async () => {
  const { transport, outcome } = begin({ ...PASSWORD, remember: "me" } as AuthSource, { upstream: "main" });
  await tell(transport, HELLO, READY);
  expect(transport.said).toEqual([{ type: "login", upstream: "main", ...PASSWORD }]);
  await outcome;
});

test("unknown types and members are ignored, also such as objects have by themselves", async () => {
  const { transport, outcome } = begin(PASSWORD);
  await tell(transport, { type: "weather" }, { type: "constructor" }, { type: "__proto__" });
  await tell(
    transport,
    { ...HELLO, more: { a: [1] } },
    { type: "toString" },
    { type: "notice", kind: "", seconds: 1, message: "" },
    READY,
  );
  expect((await outcome).max_packet).toBe(262_148);
});

test("texts that look like markup or code stay texts", async () => {
  const text = `<img src=x onerror=alert(1)>\u001b[2J\u202e"}, ${"{".repeat(50)}`;
  const banner = vi.fn();
  const { transport, outcome } = begin(PASSWORD, { banner });
  await tell(transport, { ...HELLO, banner: text });
  await tell(transport, failure("refused", { message: text, retry: false }));
  expect(banner).toHaveBeenCalledWith(text);
  await expect(outcome).rejects.toMatchObject({ message: text });
});

test.each([
  ["no JSON", "{"],
  ["null", "null"],
  ["a list", "[]"],
  ["no type", "{}"],
  ["a type that is no text", '{"type":1}'],
  ["hello without upstreams", { ...HELLO, upstreams: undefined }],
  ["hello with a list of texts as upstreams", { ...HELLO, upstreams: ["main"] }],
  ["hello with a method that is no text", { ...HELLO, methods: [1] }],
  ["hello with an object for a user", { ...HELLO, user: {} }],
  ["a banner that is a list", { ...HELLO, banner: ["a"] }],
  ["ready first", READY],
  ["failure first", failure("refused")],
  ["over 16 KiB", { ...HELLO, more: "x".repeat(16_384) }],
])("in place of hello: %s is a ProtocolError", async (_, message) => {
  const { transport, outcome } = begin(PASSWORD);
  await tell(transport, message);
  await expect(outcome).rejects.toThrow(ProtocolError);
  expect(transport.said).toEqual([]);
  expect(transport.closed).toBe(4000);
});

test.each([
  ["a second hello", HELLO],
  ["a prompt without prompts", { ...QUESTION, prompts: undefined }],
  ["a prompt with an echo that is no truth value", { ...QUESTION, prompts: [{ text: "", echo: "no" }] }],
  ["an id that is no number", { ...QUESTION, id: "1" }],
  ["an id below zero", { ...QUESTION, id: -1 }],
  ["an id with a fraction", { ...QUESTION, id: 1.5 }],
  ["a failure without methods", { ...failure("refused"), methods: undefined }],
  ["a failure with a word for retry", failure("refused", { retry: "yes" })],
  ["a failure with a word for retry_after", failure("full", { retry_after: "soon" })],
  ["ready with null for a user", { ...READY, user: null }],
  ["ready with a number for a token", { ...READY, resume_token: 7 }],
  ["ready with a huge max_packet", { ...READY, max_packet: 1e300 }],
  ["something to sign without a key", { type: "sign", id: 1, algorithm: "ssh-ed25519", data: "" }],
])("after the login: %s is a ProtocolError", async (_, message) => {
  const { transport, outcome } = begin(PASSWORD, { prompt: () => ["1"] });
  await tell(transport, HELLO, message);
  await expect(outcome).rejects.toThrow(ProtocolError);
  expect(transport.said).toHaveLength(1);
});

test("what may be left out may be null, too", async () => {
  const { transport, outcome } = begin(PASSWORD);
  await tell(transport, { ...HELLO, user: null }, { ...READY, resume_token: undefined, banner: null });
  expect((await outcome).max_packet).toBe(262_148);
});

test("lists' names are no types", async () => {
  const { transport, outcome } = begin(PASSWORD);
  const entry = { name: "main", title: "", methods: [], text: "", echo: true };
  await tell(transport, HELLO, { type: "upstreams", ...entry }, { type: "prompts", ...entry }, READY);
  await outcome;
  expect(transport.said).toHaveLength(1);
});

test("bytes before ready are a ProtocolError", async () => {
  const { transport, outcome } = begin(PASSWORD);
  transport.deliver(new ArrayBuffer(9));
  await expect(outcome).rejects.toThrow(ProtocolError);
});

test("ready is not believed before anybody logged in, nor with a question open", async () => {
  const before = begin(() => new Promise(() => {}));
  await tell(before.transport, HELLO, READY);
  await expect(before.outcome).rejects.toThrow(ProtocolError);
  const open = begin(PASSWORD, { prompt: () => new Promise(() => {}) });
  await tell(open.transport, HELLO, QUESTION, READY);
  await expect(open.outcome).rejects.toThrow(ProtocolError);
});

test("questions are asked one after the other", async () => {
  const prompt = vi.fn(() => new Promise<string[]>(() => {}));
  const { transport, outcome } = begin(PASSWORD, { prompt });
  await tell(transport, HELLO);
  for (let id = 1; id < 100; id++) transport.deliver({ ...QUESTION, id });
  await expect(outcome).rejects.toThrow(ProtocolError);
  expect(prompt).toHaveBeenCalledTimes(1);
});

test("a token in a message that cannot be read does not show up in the error", async () => {
  const { transport, outcome } = begin(PASSWORD);
  await tell(transport, HELLO, `{"type":"ready","resume_token":"canary-4711"`);
  const error = (await outcome.catch((it) => it)) as Error;
  expect(`${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toContain("canary");
});

test("questions that nobody answers end the login", async () => {
  const { transport, outcome } = begin(PASSWORD);
  await tell(transport, HELLO, QUESTION);
  await expect(outcome).rejects.toMatchObject({ name: "AuthError", code: "no-answer" });
});

test("a round without questions needs nobody", async () => {
  const { transport, outcome } = begin(PASSWORD);
  await tell(transport, HELLO, { ...QUESTION, prompts: [] }, READY);
  expect(transport.said[1]).toEqual({ type: "answer", id: 1, answers: [] });
  await outcome;
});

test("whoever is asked and gives up, rejects the login with the same", async () => {
  const reason = new Error("cancelled by the person");
  const { transport, outcome } = begin(PASSWORD, { prompt: () => Promise.reject(reason) });
  await tell(transport, HELLO, QUESTION);
  await expect(outcome).rejects.toBe(reason);
  expect(transport.closed).toBe(4000);
});

test("a person is not asked any longer when the caller gives up", async () => {
  let asked: AbortSignal | undefined;
  const prompt = (_: unknown, signal: AbortSignal) => {
    asked = signal;
    return new Promise<string[]>(() => {});
  };
  const { transport, outcome, controller } = begin(PASSWORD, { prompt });
  await tell(transport, HELLO, QUESTION);
  controller.abort("no reason at all");
  await expect(outcome).rejects.toBe("no reason at all");
  expect(asked?.reason).toBe("no reason at all");
  expect(transport.closed).toBe(4000);
});

test("a person is not asked any longer when the socket ends, and a late answer goes nowhere", async () => {
  let asked: AbortSignal | undefined;
  let answer = (_: string[]) => {};
  const prompt = (_: unknown, signal: AbortSignal) => {
    asked = signal;
    return new Promise<string[]>((resolve) => {
      answer = resolve;
    });
  };
  const { transport, outcome } = begin(PASSWORD, { prompt });
  await tell(transport, HELLO, QUESTION);
  transport.end(1006);
  await expect(outcome).rejects.toThrow(ConnectionError);
  expect(asked?.reason).toBeInstanceOf(ConnectionError);
  answer(["123456"]);
  await settled();
  expect(transport.said).toHaveLength(1);
});

test("a person is not asked any longer when the bridge ends the try, and the next one is asked anew", async () => {
  const signals: AbortSignal[] = [];
  const answers: ((answers: string[]) => void)[] = [];
  const prompt = (_: unknown, signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<string[]>((resolve) => answers.push(resolve));
  };
  const { transport, outcome } = begin([PASSWORD, PASSWORD], { prompt });
  await tell(transport, HELLO, QUESTION, failure("upstream-failed"), { ...QUESTION, id: 2 });
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(signals[0]?.reason).toMatchObject({ code: "upstream-failed" });
  answers[0]?.(["old"]);
  answers[1]?.(["new"]);
  await settled();
  await tell(transport, READY);
  expect(transport.said.slice(2)).toEqual([{ type: "answer", id: 2, answers: ["new"] }]);
  await outcome;
});

test("the wrong number of answers is the caller's fault", async () => {
  const { transport, outcome } = begin(PASSWORD, { prompt: () => ["1", "2"] });
  await tell(transport, HELLO, QUESTION);
  await expect(outcome).rejects.toMatchObject({ name: "AuthError", code: "no-answer" });
});

test("a bridge that says no hello has 30 s", async () => {
  const { transport, outcome } = begin(PASSWORD);
  await tell(transport, { type: "weather" });
  vi.advanceTimersByTime(30_000);
  await expect(outcome).rejects.toThrow(ConnectionError);
  expect(transport.closed).toBe(4000);
});

test("a bridge that does not answer a login is given up, a person who does not answer is not", async () => {
  const silent = begin(PASSWORD);
  await tell(silent.transport, HELLO);
  vi.advanceTimersByTime(90_000);
  await expect(silent.outcome).rejects.toThrow(ConnectionError);
  const thinking = begin(PASSWORD, { prompt: () => new Promise(() => {}) });
  await tell(thinking.transport, HELLO, QUESTION);
  expect(vi.getTimerCount()).toBe(0);
  thinking.transport.end();
  await expect(thinking.outcome).rejects.toThrow(ConnectionError);
});

test("the caller's signal keeps no listener", async () => {
  const { transport, outcome, controller } = begin(PASSWORD);
  const removed = vi.spyOn(controller.signal, "removeEventListener");
  await tell(transport, HELLO, READY);
  await outcome;
  expect(removed).toHaveBeenCalledTimes(1);
  controller.abort();
  expect(transport.closed).toBeUndefined();
});

test("a banner's listener may end it, or fail, and nobody is asked after that", async () => {
  const source = vi.fn(() => PASSWORD);
  const controller = new AbortController();
  const ending = begin(source, { banner: () => controller.abort("enough"), signal: controller.signal });
  await tell(ending.transport, { ...HELLO, banner: "Hello." });
  await expect(ending.outcome).rejects.toBe("enough");
  const fault = new Error("a fault of the page");
  const failing = begin(source, {
    banner: () => {
      throw fault;
    },
  });
  await tell(failing.transport, { ...HELLO, banner: "Hello." });
  await expect(failing.outcome).rejects.toBe(fault);
  expect(source).not.toHaveBeenCalled();
});

test("what comes in the same breath as ready is kept for the session", async () => {
  const { transport, outcome } = begin(PASSWORD);
  await tell(transport, HELLO);
  transport.deliver(READY);
  transport.deliver({ type: "notice", kind: "drain", seconds: 30, message: "" });
  transport.end(1001);
  await outcome;
  const seen: unknown[] = [];
  transport.onmessage = (message) => seen.push(message);
  transport.onclose = (end) => seen.push(end.code);
  await settled();
  expect(seen).toEqual([expect.stringContaining("drain"), 1001]);
});

test("a close in the middle tells its code and reason", async () => {
  const { transport, outcome } = begin(PASSWORD);
  await tell(transport, HELLO);
  transport.end(1009, "The message is over the limit of 16384 bytes.");
  await expect(outcome).rejects.toMatchObject({ closeCode: 1009, reason: /over the limit/ });
});

test.each([
  "protocol",
  "timeout",
  "draining",
  "internal",
  "full",
  "throttled",
  "too-many-attempts",
  "unheard-of",
])("%s ends it with an error that says so", async (code) => {
  const source = vi.fn(() => PASSWORD);
  const { transport, outcome } = begin(source);
  await tell(transport, HELLO, failure(code, { retry: false, retry_after: 5, methods: [] }));
  await expect(outcome).rejects.toMatchObject({
    name: "AuthError",
    code,
    message: "One sentence.",
    methods: [],
    retryAfter: 5,
    session: "0123456789abcdef",
  });
  expect(source).toHaveBeenCalledTimes(1);
});
