/** The service worker, as one classic script. */

import { serveDownloads } from "../../../src/service-worker/index.ts";

serveDownloads();
