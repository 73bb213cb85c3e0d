/** The worker in which the session runs: packets, windows and files are kept away from what is drawn. */

import { serve } from "sftpbridge-client/worker";
import { TRY_NOW } from "./try-now.ts";

serve();
addEventListener("message", ({ data }) => {
  // What the library ends its wait by is the word that the network is back.
  if (data === TRY_NOW) dispatchEvent(new Event("online"));
});
