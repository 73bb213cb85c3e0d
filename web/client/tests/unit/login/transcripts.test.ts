import { describe, expect, test } from "vitest";
import { AuthError, ProtocolError } from "../../../src/errors.ts";
import { isReady, play, transcripts } from "../../support/transcript.ts";

/** What the client of the transcript says out of turn, which ours cannot be brought to: how many messages. */
const UNSAID: Record<string, number> = {
  "answered-twice": 1,
  "bad-json": 1,
  "lost-while-asked": 2,
  "out-of-order-answer": 1,
  "out-of-order-login": 1,
  "out-of-order-signature": 1,
  throttled: 1,
  timeout: 1,
  "unknown-type": 1,
  "wrong-id": 1,
};

/** What is left of a conversation that does not come to `ready`. */
const REFUSED: Record<string, [code: string, methods: string[]]> = {
  "method-not-offered": ["method-unavailable", ["password", "bearer", "external", "oidc"]],
  "method-not-taken": ["method-unavailable", ["publickey", "resume"]],
  "partial-then-lost": ["partial", ["publickey"]],
  "password-expired": ["password-expired", ["password", "keyboard-interactive", "publickey", "resume"]],
  "password-over-questions": ["refused", ["keyboard-interactive", "publickey", "resume"]],
  "too-many-attempts": ["too-many-attempts", []],
  "upstream-unreachable": ["upstream-timeout", ["password", "keyboard-interactive", "publickey", "resume"]],
  "user-full": ["full", []],
  drain: ["draining", []],
  internal: ["internal", []],
  throttled: ["throttled", []],
  timeout: ["timeout", []],
};

const hasKey = (name: string) => ["certificate", "publickey", "publickey-then-password"].includes(name);

describe("the client's side of each transcript", () => {
  for (const name of transcripts()) {
    test(name, async () => {
      const { said, unsaid, result } = await play(name, { truth: true });
      if (name !== "wrong-number-of-answers") for (const [due, ours] of said) expect(ours).toEqual(due);
      expect(unsaid).toHaveLength(UNSAID[name] ?? 0);
      expect(result instanceof Error).toBe(!isReady(name));
      const refused = REFUSED[name];
      if (refused) expect(result).toMatchObject({ name: "AuthError", code: refused[0], methods: refused[1] });
      if (result instanceof Error) expect(JSON.stringify([result, result.message])).not.toContain("secret");
      else expect(result).toMatchObject({ type: "ready", session: "0123456789abcdef" });
    });
  }
});

test("what to wait for and what to quote stand in the error", async () => {
  const { result } = await play("throttled", { truth: true });
  expect(result).toBeInstanceOf(AuthError);
  expect(result).toMatchObject({ retryAfter: 42, session: "0123456789abcdef" });
});

test("the transcripts' three bytes are not a login, and are not signed", async () => {
  for (const name of transcripts().filter(hasKey)) {
    const { said, result } = await play(name, { truth: false });
    expect(said.map(([due]) => due.type)).not.toContain("signature");
    expect(result).toBeInstanceOf(ProtocolError);
  }
});

test("banners are shown wherever they stand", async () => {
  expect((await play("questions", { truth: true })).banners).toEqual(["Authorised use only."]);
  expect((await play("external", { truth: true })).banners).toEqual(["Authorised use only."]);
  expect((await play("password-expired", { truth: true })).banners).toEqual(["Passwords live for 90 days."]);
});

test("a round without questions is shown, and answered without answers", async () => {
  const { prompts } = await play("questions", { truth: true });
  expect(prompts[1]).toMatchObject({ instruction: "Welcome.", prompts: [] });
});
