import { Firefox } from "../support/firefox.ts";
import { runCases, runFetches, runKeyCases, runRemoteCases, share } from "./suite.ts";

const shared = share(() => Firefox.start(), ["page.ts", "session.worker.ts", "service.worker.ts"]);

runCases(shared);
runRemoteCases(shared);
runKeyCases(shared);
runFetches(shared);
