/** The session's worker. */

import { serve } from "../../../src/worker/serve.ts";

serve();

// For a test: what nobody catches.
addEventListener("message", ({ data }) => {
  if (data === "fail") throw new Error("it fails as it was told");
});
