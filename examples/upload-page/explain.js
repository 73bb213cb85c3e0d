// @ts-check
/** Errors in the words of a person who sends files. All of them are shown as text, never as HTML. */

import { AuthError, ConnectionError, SftpError, TransferError } from "./sftpbridge-client/index.js";

/** What SFTP has a code for; everything else is the server's own sentence. */
const SERVER = new Map([
  ["EACCES", "You may not write there."],
  ["ENOENT", "The folder is not there any more."],
  ["ENOTSUP", "The server cannot do that."],
]);

const FILE = new Map([
  ["source", "The file has changed, or cannot be read any more. Choose it again."],
  ["exists", "There is something of that name already."],
  ["not-a-file", "There is a folder of that name already."],
  ["incomplete", "It did not arrive as it was sent. Try again."],
]);

/** @param {unknown} error */
export function explain(error) {
  if (error instanceof AuthError) {
    const wait = error.retryAfter ? ` Try again in ${error.retryAfter} seconds.` : "";
    return error.message + wait;
  }
  // A browser tells no script why: a wrong address, a certificate, an origin that is not allowed, no network.
  if (error instanceof ConnectionError) return error.reason || "The server cannot be reached.";
  if (error instanceof SftpError)
    return SERVER.get(error.code) ?? `The server says: ${error.serverMessage || error.code}`;
  if (error instanceof TransferError) return FILE.get(error.code) ?? error.message;
  if (error instanceof DOMException && error.name === "TimeoutError")
    return "The server did not answer in time.";
  return error instanceof Error ? error.message : String(error);
}
