/**
 * What can go wrong, one class for each thing that a caller can handle. Cancelling is none of these: it rejects with the
 * signal's own reason.
 */

/** SFTP status codes (draft-ietf-secsh-filexfer-02, section 7), and the names that programs know them by. */
const CODES = [
  "OK",
  "EOF",
  "ENOENT",
  "EACCES",
  "EIO",
  "EBADMSG",
  "ENOTCONN",
  "ECONNRESET",
  "ENOTSUP",
] as const;

/**
 * A status by the name that programs know. `ENOENT` and `EACCES` are what they are elsewhere. `EIO` is every other failure:
 * version 3 has no more to say, not even that something exists already. `ENOTSUP`: the server does not have the operation.
 * `EBADMSG`: it takes the request for malformed. `ENOTCONN`, `ECONNRESET`: it lost a connection of its own. `EOF` and `OK`
 * are answers that were not due. `EUNKNOWN`: a status that version 3 does not have.
 */
export type SftpErrorCode = (typeof CODES)[number] | "EUNKNOWN";

/** The server refused a request, or could not do it. */
export class SftpError extends Error {
  override name = "SftpError";
  /** The number of the status, as the server sent it. */
  declare readonly status: number;
  /** The same by name. */
  declare readonly code: SftpErrorCode;
  /** What was asked for, such as `open` or `posix-rename@openssh.com`. */
  declare readonly operation: string;
  /** What it concerned; empty where there is none. */
  declare readonly path: string;
  /** The server's own words: hostile, to be shown as text only. May be empty. */
  declare readonly serverMessage: string;

  constructor(status: number, operation: string, path: string, serverMessage: string) {
    const code = CODES[status] ?? "EUNKNOWN";
    super(`${operation}${path && ` ${JSON.stringify(path)}`}: ${serverMessage || code} (${code})`);
    this.status = status;
    this.code = code;
    this.operation = operation;
    this.path = path;
    this.serverMessage = serverMessage;
  }

  /** Whether the same may succeed later, without anything being changed: the server has lost a connection of its own. */
  get retryable(): boolean {
    return [6, 7].includes(this.status);
  }
}

/** There is no connection, or it was lost. What was asked for may have been done, or not. */
export class ConnectionError extends Error {
  override name = "ConnectionError";
  /** RFC 6455, section 7.4; 1006 where the connection ended without a close frame, 0 where none was made. */
  declare readonly closeCode: number;
  /** The bridge's sentence; may be empty. */
  declare readonly reason: string;
  /** Whether connecting again may help. */
  declare readonly retryable: boolean;

  constructor(message: string, closeCode = 1006, reason = "", retryable = true) {
    super(message);
    this.closeCode = closeCode;
    this.reason = reason;
    this.retryable = retryable;
  }
}

/** What the bridge says of it. */
interface Refusal {
  readonly message?: string;
  readonly code?: string;
  readonly methods?: readonly string[];
  readonly retry_after?: number;
  readonly session?: string;
}

/** The login was refused, or cannot go on. */
export class AuthError extends Error {
  override name = "AuthError";
  /** The bridge's code, such as `refused`, `partial` or `throttled`; `no-answer` where this side had nothing to say. */
  declare readonly code: string;
  /** What may be tried, or is still needed. */
  declare readonly methods: readonly string[];
  /** Seconds to wait before another try, where waiting helps. */
  declare readonly retryAfter: number | undefined;
  /** What to find it by in the bridge's log. */
  declare readonly session: string | undefined;

  /** Without the bridge's words there is nothing to log in with. */
  constructor({
    message = "nothing to log in with",
    code = "no-answer",
    methods = [],
    retry_after,
    session,
  }: Refusal = {}) {
    super(message);
    this.code = code;
    this.methods = methods;
    this.retryAfter = retry_after;
    this.session = session;
  }
}

/**
 * The other side breaks the protocol. Where its packets cannot be told apart, or answer nothing that was asked, the connection
 * is closed; a reply with a body that cannot be read fails its one request.
 */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}
