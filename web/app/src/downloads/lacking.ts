/** Whether the service worker is there: apart from it, since this is known before the first download. */

import { signal } from "@preact/signals";

/** Why there is none: the page came by plain http, or the browser does not want one. Known after the first try. */
export const lacking = signal<"insecure" | "refused" | undefined>(undefined);
