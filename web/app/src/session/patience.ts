/** How long a person is left waiting for an answer of the server: then it is told that there is none, or done without. */

/** Milliseconds. */
const PATIENCE = 15_000;

/** Aborts when that is over. */
export const patience = (milliseconds = PATIENCE): AbortSignal => AbortSignal.timeout(milliseconds);
