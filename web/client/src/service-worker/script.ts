/** A whole service worker, for pages that need nothing else of theirs. */

import { serveDownloads } from "./index.ts";

serveDownloads();
