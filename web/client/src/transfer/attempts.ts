/** Tries again after a lost connection, on the next session, as long as something moves. */

import type { Connection } from "../client/connection.ts";
import { aborted, pause } from "../client/wait.ts";
import { ConnectionError, SftpError } from "../errors.ts";
import type { Session } from "../session/session.ts";
import type { TransferControl } from "./transfer.ts";

/** How often a transfer is begun again where it stood. */
export interface RetryOptions {
  /** Tries in a row without a byte of progress; 5 without it. */
  readonly attempts?: number;
  /**
   * Milliseconds before the second try in a row without progress, doubled each time up to `maximum`, and a random part of
   * them taken off; 500 and 30,000 without it. After progress, the next try is at once.
   */
  readonly delay?: number;
  readonly maximum?: number;
}

/** Runs `attempt` on the session that is ready, and again on the next one. It has to go on where it stood. */
export async function onEachSession<T>(
  connection: Connection,
  control: TransferControl,
  progress: () => number,
  attempt: (session: Session) => Promise<T>,
  { attempts = 5, delay = 500, maximum = 30_000 }: RetryOptions = {},
): Promise<T> {
  const { signal, report } = control;
  for (let idle = 0, best = progress(); ; ) {
    try {
      const session = await aborted(connection.session(signal), signal);
      report({ state: "running" });
      return await attempt(session);
    } catch (error) {
      // The furthest that it ever was: what is done a second time is no progress.
      idle = progress() > best ? 0 : idle + 1;
      best = Math.max(best, progress());
      const retryable = (error instanceof ConnectionError || error instanceof SftpError) && error.retryable;
      if (!retryable || signal.aborted || idle >= attempts || connection.state === "closed") throw error;
      report({ state: "reconnecting" });
      if (idle > 1) await pause(Math.min(maximum, delay * 2 ** (idle - 2)), signal);
    }
  }
}
