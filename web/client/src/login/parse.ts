/** The bridge's text messages as they come in: nothing in them is believed before it is checked. */

import { ProtocolError } from "../errors.ts";
import type { ServerMessage } from "./message.ts";

/** No text message has more bytes, and so none has more UTF-16 code units. */
const LIMIT = 16_384;

/**
 * What each message must have; what it has besides is ignored. `*` is a list, `#` a whole number, `!` a truth value,
 * everything else a text; `?` is for what may be left out, or null.
 */
const MESSAGES: Record<string, string> = {
  hello: "upstreams* methods*",
  prompt: "id# name instruction prompts*",
  sign: "id# algorithm data",
  failure: "code message methods* retry!",
  ready: "upstream user max_packet# resume_token? resume_seconds#",
  notice: "kind seconds# message",
};
/** What is in a list; texts in others. */
const ENTRIES: Record<string, string> = { upstreams: "name title methods*", prompts: "text echo!" };

const has = (it: Record<string, unknown> | null, members: string): boolean =>
  members.split(" ").every((member) => {
    const is = (kind: string) => member.includes(kind);
    const name = member.replace(/\W+/, "");
    const value = it?.[name];
    const entry = ENTRIES[name];
    if (is("*"))
      return Array.isArray(value) && value.every((it) => (entry ? has(it, entry) : typeof it === "string"));
    if (is("?") && value == null) return true;
    if (is("#")) return value === (value as number) >>> 0;
    return typeof value === (is("!") ? "boolean" : "string");
  });

/** One message, or nothing where its type is not known. Errors say nothing of what was in it: it may be a token. */
export function parse(message: string | ArrayBuffer): ServerMessage | undefined {
  try {
    // Bytes are no JSON.
    const value = (message as string).length > LIMIT ? null : JSON.parse(message as string);
    const { type } = value;
    const members = Object.hasOwn(MESSAGES, type) && MESSAGES[type];
    if (members ? has(value, `${members} user? banner? session? retry_after#?`) : typeof type === "string")
      return members ? value : undefined;
  } catch {}
  throw new ProtocolError("a message of the login that is malformed");
}
