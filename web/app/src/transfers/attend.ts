/** What looks after the transfers of a login beside the panel: it comes with the first of them. */

import type { Workspace } from "../app/workspace.ts";
import type { Session } from "../session/session.ts";

/** Until the function that it returns is called. */
export function attend(workspace: Workspace): () => void {
  const { onChange } = workspace.transfers;
  let stop: Promise<() => void> | undefined;
  const begin = () => {
    stop ??= load(workspace).catch(() => {
      // The next change tries again.
      stop = undefined;
      return () => {};
    });
  };
  onChange.add(begin);
  return () => {
    onChange.delete(begin);
    void stop?.then((end) => end());
  };
}

async function load(workspace: Workspace): Promise<() => void> {
  return (await import("./attendants.ts")).attendAll(workspace);
}

/** Tells who is logged in where from others with this browser. */
export const accountOf = ({ client, upstream, home }: Session): string =>
  JSON.stringify([upstream, client.resumption?.user ?? String(home)]);
