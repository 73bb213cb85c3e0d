/** The entry for sessions in a worker: `serve` for the worker's script, `connectInWorker` for the page. */

export { connectInWorker } from "./connect.ts";
export type * from "./remote.ts";
export { serve, type WorkerScope } from "./serve.ts";
