/** Giving one thing another name. */

import { type Entry, join, type SftpPath } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { fail, say } from "../ui/notices.tsx";
import { Clashes } from "./clashes.ts";
import { entryOf, freeName, look } from "./look.ts";
import { undo } from "./move.ts";
import { reveal } from "./reveal.ts";
import { words } from "./words.ts";

/** Asks where the name is taken. Never rejects: what goes wrong is told. The person may be elsewhere by now. */
export async function rename(
  workspace: Workspace,
  directory: SftpPath,
  entry: Entry,
  name: string,
): Promise<void> {
  const { client } = workspace;
  const from = join(directory, entry);
  try {
    await workspace.actions.jobs.run(words().renaming(entry.name), async (job) => {
      const { signal } = job;
      let named = entryOf({ name }, entry.attributes);
      const target = await look(client, join(directory, named), signal);
      const clash = target && { named, directory, source: entry.attributes, target };
      const decision = clash && (await new Clashes(job).decide(clash));
      if (decision === "skip" || decision === "merge") return;
      if (decision === "rename")
        named = entryOf(await freeName(client, directory, named, signal), entry.attributes);
      const to = join(directory, named);
      await client.rename(from, to, { overwrite: decision === "overwrite", signal });
      await reveal(workspace, directory, { gone: [entry], there: [named] });
      const moved = { entry, from, to, moved: await look(client, to, signal).catch(() => undefined) };
      const run = () => void undo(workspace, [moved]);
      const exact = decision === "overwrite" ? undefined : { label: words().undo, run };
      say(words().renamed(entry.name, named.name), exact);
    });
  } catch (error) {
    fail(words().notRenamed(entry.name), error);
  }
}
