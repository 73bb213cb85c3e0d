/**
 * The way to a session: opens the transport, logs in, and tells what becomes of it. What was under way when it is lost
 * fails with a ConnectionError. That is the end here; the main entry's connection comes back.
 */

import type { AnswerPrompt, AuthSource } from "../login/auth.ts";
import { login } from "../login/conversation.ts";
import type { Notice, Ready } from "../login/message.ts";
import { parse } from "../login/parse.ts";
import { Session } from "../session/session.ts";
import { closedBy, type OpenTransport } from "../transport/transport.ts";
import { webSocket } from "../transport/websocket.ts";
import type { Repeatable } from "./ask.ts";

/** `suspended`: it was lost because it was not used, and comes back when it is. */
export type ConnectionState = "connecting" | "ready" | "reconnecting" | "suspended" | "closed";

/** When to try again after a lost connection. */
export interface ReconnectOptions {
  /** Milliseconds before the second try, 500 without it, 1 at least; doubles with each, with a random part. The first is at once. */
  readonly delay?: number;
  /** Milliseconds between two tries at most, 30,000 without it. */
  readonly maximum?: number;
  /** Milliseconds after which it is given up, 10 min without it; `Infinity` for never. */
  readonly giveUp?: number;
}

/** How to connect, and what to log in with. */
export interface ConnectOptions {
  /** Without it the subprotocol `sftp` is spoken, where the opening handshake has to prove who it is. */
  readonly auth?: AuthSource;
  /** The default one of the bridge without it. */
  readonly upstream?: string;
  /** Answers the server's questions. */
  readonly prompt?: AnswerPrompt;
  /** What servers say to whoever logs in: hostile, to be shown as text. */
  readonly banner?: (text: string) => void;
  /** Gives up connecting. Once connected it does nothing. */
  readonly signal?: AbortSignal;
  /** `false`: a lost connection is the end, as it always is with the core entry. */
  readonly reconnect?: ReconnectOptions | false;
  /** How to open connections: `webSocket()` without it. */
  readonly transport?: OpenTransport;
}

/** What a connection tells whoever listens. */
export interface ConnectionEvents {
  /** It has changed to this. */
  state: ConnectionState;
  /** Together with a state: why. */
  error: unknown;
  /** Together with the state `ready`: what the bridge said of the login. */
  ready: Ready;
  /** Something that the bridge wants the person to know: that it is going away, say. */
  notice: Notice;
}

export type ConnectionListener = (event: Partial<ConnectionEvents>) => void;

export interface Connection {
  readonly url: string;
  /** What the bridge said last of the login; nothing with the subprotocol `sftp`. */
  readonly ready: Ready | undefined;
  readonly state: ConnectionState;
  /** The session that is ready; nothing while there is none. */
  readonly current: Session | undefined;
  /** The session that is ready, or will be; rejects when there will be none, or with the signal's reason. */
  session(signal?: AbortSignal): Promise<Session>;
  /** Runs `work` on that session; what is repeatable once more, where it is lost meanwhile and this connection comes back. */
  run<T>(asked: Repeatable, work: (session: Session) => Promise<T>): Promise<T>;
  /** Until the function that is returned is called. What a listener throws is its own affair. */
  listen(listener: ConnectionListener): () => void;
  /** For good. After a code other than 1000 the bridge keeps the login for a while, for whoever has the resume token. */
  close(code?: number): Promise<void>;
}

/** The inside of a connection, for whoever brings it back. */
export interface Link {
  readonly connection: Connection;
  /** Aborted when the connection is closed, with why. */
  readonly signal: AbortSignal;
  /** Is called when somebody needs a session. */
  wanted?: () => void;
  enter(state: ConnectionState, more?: Partial<ConnectionEvents>): void;
  /** One try to get a session. */
  begin(options: ConnectOptions, stop: AbortSignal): Promise<Session>;
}

/** What becomes of a connection that was lost: the next session, or a rejection, which is the end. */
export type Recover = (error: Error, lost: Session, link: Link) => Promise<Session>;

/** Connects and logs in. From then on nothing secret is kept but the resume token, and what `recover` has; after the end, nothing. */
export async function openConnection(
  url: string,
  options: ConnectOptions,
  recover: Recover = (error) => Promise.reject(error),
): Promise<Connection> {
  const listeners = new Set<ConnectionListener>();
  const closing = new AbortController();
  const { signal } = closing;
  let state: ConnectionState = "connecting";
  let ready: Ready | undefined;
  let current: Session | undefined;
  let lost: Recover | undefined = recover;

  const tell = (event: Partial<ConnectionEvents>) => {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        globalThis.reportError?.(error);
      }
    }
  };

  const enter: Link["enter"] = (entered, more) => {
    state = entered;
    tell({ state, ...more });
  };

  const end = (error: unknown) => {
    if (signal.aborted) return;
    closing.abort(error);
    current = lost = undefined;
    if (ready) ready = { ...ready, resume_token: null };
    enter("closed", { error });
  };

  const text = (message: string) => {
    try {
      const notice = parse(message);
      if (notice?.type === "notice") tell({ notice });
    } catch {}
  };

  const begin: Link["begin"] = async (options, stop) => {
    const { auth, transport: open = webSocket() } = options;
    const transport = await open(url, [auth ? "sftp-login.v1" : "sftp"], stop);
    if (auth) {
      const said = await login(transport, { ...options, auth, signal: stop });
      // The session's first packet ends the token before this one.
      if (!signal.aborted) ready = said;
    }
    const session = await Session.open(transport, { signal: stop, maxPacket: ready?.max_packet, text });
    if (signal.aborted) session.close(4000);
    else {
      current = session;
      enter("ready", ready && { ready });
    }
    session.closed.then((error) => {
      if (current !== session) return;
      current = undefined;
      pending = (lost as Recover)(error, session, link);
      pending.catch(end);
    });
    return session;
  };

  const connection: Connection = {
    url,
    get ready() {
      return ready;
    },
    get state() {
      return state;
    },
    get current() {
      return current;
    },
    async session(stop) {
      for (;;) {
        stop?.throwIfAborted();
        signal.throwIfAborted();
        link.wanted?.();
        const session = await pending;
        // It may have been lost meanwhile.
        if (session === current) return session;
      }
    },
    run: async ({ signal }, work) => work(await connection.session(signal)),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close(code = 1000) {
      const session = current;
      end(closedBy(code));
      session?.close(code);
    },
  };
  const link: Link = { connection, signal, enter, begin };
  let pending = begin(options, options.signal ?? signal);
  await pending;
  return connection;
}
