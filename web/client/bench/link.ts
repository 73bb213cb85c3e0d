/** A link in a process of its own, so that it and the client do not wait for each other. Ends with its stdin. */

import { Link } from "../tests/support/link.ts";

const [port, options] = process.argv.slice(2);
const link = await Link.start(Number(port), JSON.parse(options ?? "{}"));
process.stdin.resume().on("end", () => process.exit());
process.stdout.write(`port ${link.port}\n`);
