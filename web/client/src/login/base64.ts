/** Base64 with its padding (RFC 4648, section 4), as keys and signatures have it in text. */

import type { Bytes } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";

/** At most some KiB. */
export const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

/** What is not base64 is a ProtocolError. */
export function fromBase64(text: string): Bytes {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw new ProtocolError("no base64");
  }
}
