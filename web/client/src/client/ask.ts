/** One request, on a file's session or on that which a connection has. */

import type { Reader } from "../bytes.ts";
import { Type } from "../codec/numbers.ts";
import type { Request } from "../codec/request.ts";
import type { SftpPath } from "../path.ts";
import type { Session } from "../session/session.ts";

/** What every operation takes. */
export interface Abortable {
  /** Ends the wait with the signal's reason. What was asked for may be done all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** What is known of an operation where the connection is lost. */
export interface Repeatable extends Abortable {
  /** Doing it twice is the same as doing it once. */
  readonly repeatable?: boolean | undefined;
}

/** Where requests can be made: a session, or a connection, which may have another one by then. */
export interface Runs {
  run<T>(asked: Repeatable, work: (session: Session) => Promise<T>): Promise<T>;
}

/** Repeatable where it only reads, and so has more to tell than a STATUS. */
export function ask<T>(
  on: Runs,
  request: Request,
  expected: number,
  operation: string,
  path: SftpPath,
  options?: Repeatable,
  decode: (body: Reader, session: Session) => T = () => undefined as T,
): Promise<T> {
  const asked = { repeatable: expected !== Type.STATUS, ...options, operation, path, decode };
  return on.run(asked, (session) => session.request(request, expected, asked));
}
