/**
 * What becomes of a lost connection: by the resume token, which asks nobody; where that is refused, by what the first
 * login was made with. The back-off goes on over several losses, so that a session that dies at once is no busy loop.
 *
 * Some losses are meant to be. A session that went on elsewhere stays there. One that was idle for too long, or reached
 * its longest lifetime, waits until somebody needs it. A breach of the protocol would come again. A login that is refused
 * is the end, and so is one that a person did not come to in time; what only time helps is waited for.
 */

import { AuthError, ConnectionError } from "../errors.ts";
import type { AskAuth, Auth } from "../login/auth.ts";
import { tries } from "../login/conversation.ts";
import type { Failure } from "../login/message.ts";
import {
  type Connection,
  type ConnectOptions,
  type Link,
  openConnection,
  type Recover,
} from "./connection.ts";
import { aborted, pause } from "./wait.ts";

/** The way back to a login whose connection was lost, for the method `resume`: good until the next is in use. */
export interface Resumption {
  /** As secret as a password. */
  readonly token: string;
  /** For the option `upstream`. */
  readonly upstream: string;
  /** Who is logged in. */
  readonly user: string;
  /** From the loss on. */
  readonly seconds: number;
}

export function resumption({ ready }: Connection): Resumption | undefined {
  if (!ready?.resume_token) return undefined;
  const { resume_token: token, upstream, user, resume_seconds: seconds } = ready;
  return { token, upstream, user, seconds };
}

/** Replies after which a session was one that works: more than it takes to find that out. */
const HEALTHY = 16;

/**
 * Milliseconds in which a page that is being left is gone. Firefox closes its sockets (1001, without a reason) as soon as the
 * next page is asked for: a token that is used then leads to a session that nobody hears of.
 */
const LEAVING = 3000;

/** Connects and logs in; again by itself after a loss, unless `reconnect` is `false`. */
export async function openReconnecting(url: string, options: ConnectOptions): Promise<Connection> {
  if (options.reconnect === false) return openConnection(url, options);
  const connection = await openConnection(url, options, recovery(options));
  const { session } = connection;
  return Object.assign(connection, {
    session: (stop?: AbortSignal) => aborted(session(stop), stop),
    run: twice(connection),
  });
}

/** Runs once more on the next session what is repeatable, if the connection is made again. */
export const twice =
  (connection: Connection): Connection["run"] =>
  async ({ signal, repeatable }, work) => {
    const session = await connection.session(signal);
    try {
      return await work(session);
    } catch (error) {
      if (!(repeatable && error instanceof ConnectionError && error.retryable)) throw error;
      // From here on the connection knows that the session is over.
      await session.closed;
      if (connection.state === "closed") throw error;
      return work(await connection.session(signal));
    }
  };

function recovery({ auth, prompt, reconnect, ...others }: ConnectOptions): Recover {
  const { delay = 500, maximum = 30_000, giveUp = 600_000 } = reconnect || {};
  const asks = typeof auth === "function";
  // Who was not asked for the login is not asked its questions.
  const rest = asks && prompt ? { ...others, prompt } : others;
  const source = asks ? auth : ([auth ?? []].flat() as Auth[]).filter(asksNobody);
  /** When the last session began, and what is waited before the next try, in milliseconds. */
  let since = performance.now();
  let wait = 0;
  /** A token that was refused. */
  let spent: string | null | undefined;

  /** By the token unless it was refused, and then by what nobody has to be asked for. */
  const ask = (token: string | null | undefined, last: { failure?: Failure | undefined }): AskAuth => {
    const next = tries(source);
    const usable = token !== spent && token;
    return (step) => {
      const { failure } = step;
      if (!failure && usable) return { method: "resume", token: usable };
      last.failure = failure ?? last.failure;
      const code = `${failure?.code}`;
      if (code === "resume-refused") spent = token;
      return isTemporary(code) ? undefined : next(asks ? { ...step, ...last } : step);
    };
  };

  const again = async ({ begin, connection, signal }: Link, least: number) => {
    const start = performance.now();
    const last = {};
    for (;;) {
      await pause(wait, signal, least);
      wait = Math.min(maximum, wait * 2 || delay || 1);
      try {
        const options = { ...rest, ...(auth && { auth: ask(connection.ready?.resume_token, last) }) };
        const session = await aborted(begin(options, signal), signal);
        since = performance.now();
        return session;
      } catch (failed) {
        least = 1000 * ((failed as AuthError).retryAfter ?? 0);
        if (!comesBack(failed) || performance.now() + Math.max(wait, least) > start + giveUp) throw failed;
      }
    }
  };

  return async (error, lost, link) => {
    if (!comesBack(error)) throw error;
    const { closeCode, reason } = error as ConnectionError;
    if (/^Idle for too long|longest lifetime/.test(reason)) await use(link, error);
    link.enter("reconnecting", { error });
    // What is waited stays small beside what sessions live, or bring.
    if (lost.answered > HEALTHY || performance.now() - since >= 10 * wait) wait = 0;
    return again(link, closeCode + reason === "1001" ? LEAVING : 0);
  };
}

/** Until somebody needs a session. */
function use(link: Link, error: Error): Promise<void> {
  const wanted = new Promise<void>((resolve) => {
    link.wanted = resolve;
  });
  link.enter("suspended", { error });
  return aborted(wanted, link.signal);
}

const asksNobody = ({ method }: Auth) => method !== "keyboard-interactive" && method !== "resume";

const isTemporary = (code: string) => /^(throttled|full|draining|upstream-|internal)/.test(code);

const comesBack = (error: unknown) =>
  error instanceof AuthError
    ? !!error.retryAfter || isTemporary(error.code)
    : error instanceof ConnectionError &&
      error.retryable &&
      // Breaches of the protocol, and a session that was taken over.
      !/^100[2379]|goes on elsewhere/.test(`${error.closeCode} ${error.reason}`);
