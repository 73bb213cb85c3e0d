/** Texts that were not saved when a login ended: in the memory of this page, for the next login of the same person. */

import type { SftpPath } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { accountOf } from "../transfers/attend.ts";

const drafts = new Map<string, string>();
const MOST = 16;

const keyOf = ({ session }: Workspace, path: SftpPath) =>
  JSON.stringify([accountOf(session), typeof path === "string" ? path : [...path]]);

export function keepDraft(workspace: Workspace, path: SftpPath, text: string): void {
  drafts.set(keyOf(workspace, path), text);
  const [oldest = ""] = drafts.keys();
  if (drafts.size > MOST) drafts.delete(oldest);
}

/** It is then with the caller alone. */
export function takeDraft(workspace: Workspace, path: SftpPath): string | undefined {
  const key = keyOf(workspace, path);
  const text = drafts.get(key);
  drafts.delete(key);
  return text;
}
