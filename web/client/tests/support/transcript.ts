/** The conversations that the bridge's own tests play, played to this client. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { concat, string, uint32 } from "../../src/bytes.ts";
import { checkedKey } from "../../src/keys/index.ts";
import type { Auth, LoginStep } from "../../src/login/auth.ts";
import { base64, fromBase64 } from "../../src/login/base64.ts";
import { login } from "../../src/login/conversation.ts";
import type { Prompt, Ready } from "../../src/login/message.ts";
import { ScriptedTransport, settled } from "./scripted-transport.ts";
import { repository } from "./user.ts";

const folder = join(repository, "src/login/transcripts");

export const transcripts = () => readdirSync(folder).map((file) => file.replace(".txt", ""));

/** Whether it comes to `ready`. */
export const isReady = (name: string) =>
  readFileSync(join(folder, `${name}.txt`), "utf8").includes('S {"type":"ready"');

type Json = Record<string, unknown>;

/** Somebody who is asked, and has not answered yet. */
interface Asked {
  readonly type: "login" | "answer" | "signature";
  readonly id?: number;
  readonly signal?: AbortSignal;
  readonly answer: (value: never) => void;
}

export interface Played {
  readonly result: Ready | Error;
  /** Pairs of what the transcript's client says and what ours said. */
  readonly said: [due: Json, said: Json | undefined][];
  /** Messages of the transcript's client that ours never sends: it was not asked for them. */
  readonly unsaid: Json[];
  readonly banners: string[];
  readonly prompts: Prompt[];
}

/** What RFC 4252, section 7, has signed. */
export function userauth(user: string, algorithm: string, blob: Uint8Array, session = new Uint8Array(32)) {
  return concat(
    uint32(session.length),
    session,
    Uint8Array.of(50),
    ...[user, "ssh-connection", "publickey"].map(string),
    Uint8Array.of(1),
    string(algorithm),
    string(blob),
  );
}

/** The client says what the transcript's says, as soon as it is asked for it. */
export async function play(name: string, { truth }: { truth: boolean }): Promise<Played> {
  const lines = readFileSync(join(folder, `${name}.txt`), "utf8").split("\n");
  const clients = lines.filter((line) => line.startsWith("C {")).map(json);
  const upstream = clients.find((it) => it?.type === "login")?.upstream as string | undefined;
  const transport = new ScriptedTransport();
  const played = { said: [], unsaid: [], banners: [], prompts: [] } as unknown as Played;
  let asked: Asked | undefined;
  const ask = <T>(type: Asked["type"], more: Partial<Asked>) =>
    new Promise<T>((answer) => {
      asked = { type, ...more, answer };
    });
  const sign = () => ask<Uint8Array<ArrayBuffer>>("signature", {});
  let result: Ready | Error | undefined;
  login(transport, {
    upstream,
    auth: ({ signal }: LoginStep) => ask<Auth | undefined>("login", { signal }),
    prompt: (prompt, signal) => {
      played.prompts.push(prompt);
      return ask<string[]>("answer", { id: prompt.id, signal });
    },
    banner: (text) => played.banners.push(text),
    signal: new AbortController().signal,
  }).then(
    (ready) => {
      result = ready;
    },
    (error) => {
      result = error;
    },
  );
  const say = async (due: Json | undefined) => {
    const waiting = asked && !asked.signal?.aborted && asked.type === due?.type ? asked : undefined;
    if (!due || !waiting || (waiting.id ?? due.id) !== due.id) {
      played.unsaid.push(due ?? {});
      return;
    }
    asked = undefined;
    waiting.answer(answerOf(due, sign) as never);
    await settled();
    played.said.push([expected(due, upstream), transport.said.at(-1)]);
  };
  for (const line of lines) {
    const message = json(line);
    if (line.startsWith("S ")) transport.deliver(truth ? truthful(message, transport) : (message as object));
    else if (line.startsWith("C ")) await say(message);
    else if (line.startsWith("A end ")) {
      const [, , code, ...reason] = line.split(" ");
      transport.end(Number(code), reason.join(" "));
    }
    await settled();
  }
  if (asked?.type === "login") asked.answer(undefined as never);
  await settled();
  return Object.assign(played, { result });
}

function json(line: string): Json | undefined {
  try {
    return JSON.parse(line.slice(2));
  } catch {
    return undefined;
  }
}

function answerOf(due: Json, sign: () => Promise<Uint8Array<ArrayBuffer>>): unknown {
  if (due.type === "answer") return due.answers;
  if (due.type === "signature") return fromBase64(due.signature as string);
  const { public_key: publicKey, ...auth } = due;
  return publicKey ? { ...auth, key: checkedKey(publicKey as string, sign) } : auth;
}

/** Without what this client does not know, and for the upstream that it was given. */
function expected(due: Json, upstream: string | undefined): Json {
  const { remember: _, more: __, thought: ___, ...rest } = due;
  return due.type === "login" ? { ...rest, upstream } : rest;
}

/** The transcripts ask to sign three bytes; here it is what a server asks for. */
function truthful(message: Json | undefined, transport: ScriptedTransport): object {
  if (message?.type !== "sign") return message ?? {};
  const { user, public_key } = transport.said.at(-1) as { user: string; public_key: string };
  const [type = "", blob = ""] = public_key.split(" ");
  return { ...message, data: base64(userauth(user, type, fromBase64(blob))) };
}
