/** One request on the session that is ready; one that only reads, once more on the next when its connection is lost. */

import type { Reader } from "../bytes.ts";
import type { Request } from "../codec/request.ts";
import { ConnectionError } from "../errors.ts";
import type { Asked, Session } from "../session/session.ts";
import type { Connection } from "./connection.ts";

/** What every operation takes. */
export interface Abortable {
  /** Ends the wait with the signal's reason. What was asked for may be done all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** Whether doing it twice is the same as doing it once. */
export interface Repeatable extends Abortable {
  readonly retry?: boolean | undefined;
}

/** Runs `work` on the session that is ready; with `retry` once more on the next one, if the connection is made again. */
export async function onSession<T>(
  connection: Connection,
  { signal, retry }: Repeatable,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await connection.session(signal);
  try {
    return await work(session);
  } catch (error) {
    if (!(retry && error instanceof ConnectionError && error.retryable)) throw error;
    // From here on the connection knows that the session is over.
    await session.closed;
    if (connection.state === "closed") throw error;
    return onSession(connection, { signal }, work);
  }
}

/** The reply, decoded, or its body. Rejects with what `Session.request` and `Connection.session` reject with. */
export const ask = <T = Reader>(
  connection: Connection,
  request: Request,
  expected: number,
  asked: Asked<T> & Repeatable,
): Promise<T> => onSession(connection, asked, (session) => session.request(request, expected, asked));
