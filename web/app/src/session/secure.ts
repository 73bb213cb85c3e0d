/** What browsers give only to pages that came by https, or from the very same machine. */

import { words } from "./words.ts";

/** Why such a thing is missing, and what to do; nothing where it is not. */
export const needsHttps = (): string | undefined => (isSecureContext ? undefined : words().needsHttps);
