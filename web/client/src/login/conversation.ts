/** The client's side of `sftp-login.v1`: from `hello` to `ready`. Nothing of it is kept afterwards. */

import { abortable } from "../abort.ts";
import { AuthError, ProtocolError } from "../errors.ts";
import { lostBy, noAnswer, type Transport } from "../transport/transport.ts";
import type { AnswerPrompt, AskAuth, Auth, AuthSource, LoginStep, SigningKey } from "./auth.ts";
import { base64, fromBase64 } from "./base64.ts";
import type { Failure, Hello, Prompt, Ready, ServerMessage } from "./message.ts";
import { parse } from "./parse.ts";

export interface LoginOptions {
  readonly auth: AuthSource;
  readonly upstream?: string | undefined;
  readonly prompt?: AnswerPrompt | undefined;
  readonly banner?: ((text: string) => void) | undefined;
  readonly signal: AbortSignal;
}

/** Milliseconds for `hello`, which the bridge sends at once. */
const HELLO = 30_000;
/** Milliseconds for any other message: the bridge ends its own waits after 62 s, unless it is told to be more patient. */
const ANSWER = 90_000;

/** Whatever an `Auth` may have. */
interface Members {
  readonly method: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly key?: SigningKey;
}

/**
 * Ends with `ready`. Rejects with an AuthError where the login is refused and nothing is left to try, with a
 * ConnectionError or ProtocolError, with what `auth`, its key, `prompt` or `banner` threw, or with the signal's reason; the
 * transport is closed then. The bridge has its time for each answer, the person as long as the bridge gives.
 */
export async function login(
  transport: Transport,
  { auth: source, upstream, prompt, banner, signal }: LoginOptions,
): Promise<Ready> {
  const next = tries(source);
  let step: { readonly hello?: Hello; readonly failure?: Failure } = {};
  /** What is being tried. */
  let auth: Members | undefined;
  /** While this side has to say something. Aborted when nobody needs to know that any more. */
  let asking: AbortController | undefined;

  /** A bridge that waits for an answer can only have lost its patience. */
  const isDue = (type: string) =>
    step.hello
      ? type !== "hello" && (!asking || type === "failure") && (type !== "sign" || auth?.key)
      : type === "hello";

  /** What is due after that; somebody may have to be asked first. */
  const reply = async (said: ServerMessage, signal: AbortSignal): Promise<object> => {
    if (said.type === "prompt")
      return { type: "answer", id: said.id, answers: await answer(said, prompt, signal) };
    if (said.type === "sign") {
      const { user, key } = auth as { user: string; key: SigningKey };
      const signed = await key.sign({ algorithm: said.algorithm, data: fromBase64(said.data), user });
      return { type: "signature", id: said.id, signature: base64(signed) };
    }
    step = { ...step, [said.type]: said };
    const { failure } = step;
    const found: Members | false | undefined =
      failure?.retry !== false && (await next({ ...step, signal } as LoginStep));
    if (!found) throw new AuthError(failure);
    if (!signal.aborted) auth = found;
    const { method, user, password, token, key } = found;
    return { type: "login", upstream, user, method, password, token, public_key: key?.publicKey };
  };

  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await abortable<Ready>(signal, (resolve, reject) => {
      const wait = (milliseconds: number) => {
        timer = setTimeout(() => reject(noAnswer(milliseconds)), milliseconds);
      };
      const hear = async (said: ServerMessage, now: AbortController) => {
        if (!isDue(said.type)) throw new ProtocolError(`"${said.type}" is not due`);
        clearTimeout(timer);
        asking?.abort(new AuthError(said as Failure));
        asking = now;
        const { banner: text } = said as Ready;
        if (text) banner?.(text);
        // By the banner's listener.
        if (signal.aborted) return;
        if (said.type === "ready") {
          // What comes now is for the session.
          transport.onmessage = transport.onclose = undefined;
          return resolve(said);
        }
        const due = JSON.stringify(await reply(said, now.signal));
        if (now.signal.aborted) return;
        asking = undefined;
        wait(ANSWER);
        transport.send(due);
      };
      transport.onclose = (end) => reject(lostBy(end));
      transport.onmessage = async (message) => {
        const now = new AbortController();
        try {
          const said = parse(message);
          if (said && said.type !== "notice") await hear(said, now);
        } catch (error) {
          if (now.signal.aborted) return;
          transport.onmessage = undefined;
          reject(error);
        }
      };
      wait(HELLO);
    });
  } catch (error) {
    asking?.abort(error);
    transport.onmessage = transport.onclose = undefined;
    transport.close(4000);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What is to be tried next, by what the last failure still names. Nothing: give up. */
export function tries(source: AuthSource): AskAuth {
  if (typeof source === "function") return source;
  const left = [source].flat() as Auth[];
  let last: Auth | undefined;
  return ({ failure }) => {
    const named = ({ method }: Auth) => !failure || failure.methods.includes(method);
    // It was not its turn yet: a server may want a key first, and the password then.
    if (failure?.code === "method-unavailable" && last && !named(last)) left.push(last);
    const at = left.findIndex(named);
    last = left[at];
    left.splice(at, last ? 1 : 0);
    return last;
  };
}

async function answer(
  question: Prompt,
  ask: AnswerPrompt | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const answers = (await ask?.(question, signal)) ?? [];
  const { length } = question.prompts;
  if (answers.length === length) return answers;
  throw new AuthError({ message: `${answers.length} answers to ${length} questions` });
}
