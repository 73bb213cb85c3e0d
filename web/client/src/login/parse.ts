/** The bridge's text messages as they come in: nothing in them is believed before it is checked. */

import { ProtocolError } from "../errors.ts";
import type { ServerMessage } from "./message.ts";

/** No text message has more bytes, and so none has more UTF-16 code units. */
const LIMIT = 16_384;

/** What each message must have, by example: its members, each of this type, and lists of these. Others are ignored. */
const MESSAGES = {
  hello: { upstreams: [{ name: "", title: "", methods: [""] }], methods: [""] },
  prompt: { id: 0, name: "", instruction: "", prompts: [{ text: "", echo: true }] },
  sign: { id: 0, algorithm: "", data: "" },
  failure: { code: "", message: "", methods: [""], retry: true },
  ready: { upstream: "", user: "", max_packet: 0, resume_seconds: 0 },
  notice: { kind: "", seconds: 0, message: "" },
};
/** What any message may have, unless it is null. */
const OPTIONAL = { user: "", banner: "", session: "", retry_after: 0, resume_token: "" };

/** Numbers are whole and not negative. Throws where there are no members at all. */
const isLike = (value: unknown, example: unknown): boolean =>
  Array.isArray(example)
    ? Array.isArray(value) && value.every((it) => isLike(it, example[0]))
    : typeof example === "object"
      ? Object.entries(example as object).every(([name, it]) => isLike((value as Members)[name], it))
      : typeof value === typeof example && (typeof value !== "number" || value === value >>> 0);

type Members = Readonly<Record<string, unknown>>;

/** One message, or nothing where its type is not known. Errors say nothing of what was in it: it may be a token. */
export function parse(message: string | ArrayBuffer): ServerMessage | undefined {
  try {
    // Bytes are no JSON.
    const value = (message as string).length > LIMIT ? null : JSON.parse(message as string);
    const type: keyof typeof MESSAGES = value.type;
    if (!Object.hasOwn(MESSAGES, type) && typeof type === "string") return;
    const isFine = ([name, it]: [string, unknown]) => isLike(value[name] ?? it, it);
    if (isLike(value, MESSAGES[type]) && Object.entries(OPTIONAL).every(isFine)) return value;
  } catch {}
  throw new ProtocolError("a malformed message");
}
