/** Why a login came to nothing: what is told of it. */

import { AuthError, ConnectionError, type Failure } from "sftpbridge-client";

export interface Refusal {
  /** Of the bridge, or `unreachable`, `lost` and `other`. */
  readonly code: string;
  /** The bridge's own sentence. */
  readonly message: string;
  /** By which the operator finds it in the log. */
  readonly reference?: string | undefined;
  /** Milliseconds since 1970 before which another try is in vain. */
  readonly until?: number | undefined;
  readonly error?: unknown;
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof AuthError)
    return made(error.code, error.message, error.session, error.retryAfter, error);
  if (error instanceof ConnectionError)
    return made(error.closeCode ? "lost" : "unreachable", error.reason, undefined, undefined, error);
  return made("other", "", undefined, undefined, error);
}

export const refusalBy = ({ code, message, session, retry_after }: Failure): Refusal =>
  made(code, message, session, retry_after);

const made = (
  code: string,
  message: string,
  reference?: string,
  wait?: number,
  error?: unknown,
): Refusal => ({
  code,
  message,
  reference,
  until: wait === undefined ? undefined : Date.now() + wait * 1000,
  error,
});
