/**
 * One SFTP session on one transport: request ids, which request a response answers, and the end. It knows no paths and no
 * files. When its transport is lost it is over; the connection above makes another.
 */

import { abortable } from "../abort.ts";
import { concat, type Reader, uint32 } from "../bytes.ts";
import { Status, Type } from "../codec/numbers.ts";
import * as requests from "../codec/request.ts";
import { decodeHandle, decodeStatus, decodeVersion, parse } from "../codec/response.ts";
import { ConnectionError, ProtocolError, SftpError } from "../errors.ts";
import { type SftpPath, shown } from "../path.ts";
import { closedBy, lostBy, noAnswer, type Transport } from "../transport/transport.ts";
import { type Limits, usableLimits } from "./limits.ts";

/** What a request is called in errors, what may end the wait for it, and what it concerns. */
export interface Asked<T = Reader> {
  readonly operation: string;
  readonly path?: SftpPath | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Reads the body of the reply. A ProtocolError from it ends the session, because a server that sends such a body cannot be
   * believed any more; another error is the request's alone. Not called after an abort, nor for a STATUS that is an error.
   */
  readonly decode?: ((body: Reader, session: Session) => T) | undefined;
  /** Milliseconds that the server may be silent, if more than usual: for what takes it long, as a checksum. */
  readonly patience?: number | undefined;
}

export interface SessionOptions {
  /** Gives up opening. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes of a request that pass, its length prefix included: `max_packet` of the login. */
  readonly maxPacket?: number | undefined;
  /** Text messages, which are not SFTP's. An error from it ends the session. */
  readonly text?: ((message: string) => void) | undefined;
  /**
   * Milliseconds, 60,000 without it. When nothing has come for so long, nor anything left, although the server owes
   * replies, the session is given up: a browser does not notice that a network is gone.
   */
  readonly silence?: number | undefined;
}

/** A request that has no reply yet. */
interface Waiting {
  readonly patience: number;
  /** Throws what the request fails with. */
  readonly take: (type: number, body: Reader) => void;
  readonly fail: (error: unknown) => void;
}

export interface Session {
  /** What the server can do beyond version 3: names and versions. */
  extensions: ReadonlyMap<string, string>;
  /** To be kept to by whoever asks. */
  limits: Limits;
  /** Replies that came. */
  answered: number;
  /** Resolves when the session is over, with why. Never rejects. */
  readonly closed: Promise<Error>;
  /**
   * Sends a request and awaits its reply, of the type `expected`: what `decode` makes of it, or the body itself. A STATUS is
   * an SftpError unless it is OK, and STATUS was expected. After an abort the reply is awaited by nobody, and a handle in
   * it is closed.
   */
  request<T = Reader>(request: requests.Request, expected: number, asked: Asked<T>): Promise<T>;
  /** Runs `work` on this session. A connection has the same, and may have another session by then. */
  run<T>(asked: unknown, work: (session: Session) => Promise<T>): Promise<T>;
  /** Closes a handle, with nobody to hear whether that was possible. */
  release(handle: Uint8Array): void;
  /** Ends the session with this close code, as RFC 6455 allows: 1000, or 3000 to 4999. */
  close(code?: number): void;
}

export const Session = {
  /** From INIT to the server's limits. The transport is the session's from here on, and closed when this rejects. */
  async open(transport: Transport, options: SessionOptions = {}): Promise<Session> {
    const { signal, maxPacket } = options;
    const session = start(transport, options);
    const { request } = session;
    try {
      const asked = { operation: "init", signal, decode: decodeVersion };
      session.extensions = await request(requests.init(), Type.VERSION, asked);
      const operation = "limits@openssh.com";
      if (session.extensions.get(operation) === "1")
        await request(requests.extended(operation), Type.EXTENDED_REPLY, {
          operation,
          signal,
          decode(body) {
            session.limits = usableLimits(maxPacket, body);
          },
        }).catch((error) => {
          if (!(error instanceof SftpError)) throw error;
        });
      return session;
    } catch (error) {
      session.close(4000);
      throw error;
    }
  },
};

function start(transport: Transport, { maxPacket, silence = 60_000, text }: SessionOptions): Session {
  /** By request id. */
  const waiting = new Map<number, Waiting>();
  // INIT and VERSION have the version where others have an id: so INIT is request 3.
  let id = 2;
  /** Bytes that had not left when last looked at. */
  let buffered = 0;
  /** Quarters of the longest silence. */
  let quiet = 0;
  let watch: ReturnType<typeof setInterval> | undefined;
  let over: Error | undefined;
  let end!: (error: Error) => void;

  /** Only the first counts. */
  const finish = (error: Error, code = 4000) => {
    if (over) return;
    over = error;
    clearInterval(watch);
    for (const { fail } of waiting.values()) fail(error);
    waiting.clear();
    end(error);
    transport.close(code);
  };

  /** Four looks, so that a machine that slept gives the network time after it woke. */
  const look = () => {
    const before = buffered;
    buffered = transport.bufferedAmount;
    if (buffered < before) quiet = 0;
    const most = Math.max(silence, ...Array.from(waiting.values(), ({ patience }) => patience));
    if (++quiet * silence > 4 * most) finish(noAnswer(most));
  };

  const request: Session["request"] = ({ head, body: data }, expected, asked) => {
    const { signal, patience = 0, decode } = asked;
    return abortable(signal, (resolve, reject) => {
      if (over) throw over;
      do id = (id + 1) >>> 0;
      while (waiting.has(id));
      waiting.set(id, {
        patience,
        take(type, body) {
          check(type, body, expected, asked);
          if (!signal?.aborted) resolve((decode ? decode(body, session) : body) as never);
          else if (type === Type.HANDLE) session.release(decodeHandle(body));
        },
        fail: reject,
      });
      head.set(uint32(id), 5);
      // No timer while nothing is awaited.
      watch ??= setInterval(look, silence / 4);
      try {
        // What is sent is the transport's, and the caller may send the request again.
        transport.send(data instanceof Blob ? new Blob([head, data]) : concat(head, data ?? []));
      } catch (error) {
        finish(new ConnectionError(`not sent: ${(error as Error).message}`));
      }
    });
  };

  const answer = (message: ArrayBuffer) => {
    const { type, id, body } = parse(message);
    quiet = 0;
    const asked = waiting.get(id);
    if (!asked)
      throw new ProtocolError(
        type === Type.VERSION && id !== 3
          ? `the server speaks SFTP ${id}, not 3`
          : `a reply to no request: ${id}`,
      );
    waiting.delete(id);
    session.answered++;
    try {
      asked.take(type, body);
    } catch (error) {
      asked.fail(error);
      if (error instanceof ProtocolError) throw error;
    }
    if (!waiting.size) watch = clearInterval(watch) as undefined;
  };

  transport.onmessage = (message) => {
    if (over) return;
    try {
      if (typeof message === "string") text?.(message);
      else answer(message);
    } catch (error) {
      finish(error as Error);
    }
  };
  transport.onclose = (end) => finish(lostBy(end));

  const session: Session = {
    extensions: new Map(),
    limits: usableLimits(maxPacket),
    answered: 0,
    closed: new Promise((resolve) => {
      end = resolve;
    }),
    request,
    run: (_, work) => work(session),
    release: (handle) =>
      void request(requests.close(handle), Type.STATUS, { operation: "close" }).catch(() => {}),
    close: (code = 1000) => finish(closedBy(code), code),
  };
  return session;
}

/** Throws where it is not the reply that was asked for. */
function check(type: number, body: Reader, expected: number, { operation, path = "" }: Asked<unknown>): void {
  if (type === Type.STATUS) {
    const { status, message } = decodeStatus(body);
    if (status !== Status.OK) throw new SftpError(status, operation, shown(path), message);
  }
  if (type !== expected)
    throw new ProtocolError(`${operation} was answered by packet type ${type}, not ${expected}`);
}
