/**
 * Texts that were not saved when a login ended: in the memory of this page, for the next login of the same person. Each comes
 * with the file that it was made from, so that what others have made of that meanwhile is not written over.
 */

import type { SftpPath } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { accountOf } from "../transfers/attend.ts";
import type { EditedText } from "./document.ts";

export interface Draft {
  readonly file: EditedText;
  readonly text: string;
}

const drafts = new Map<string, Draft>();
const MOST = 16;

const keyOf = ({ session }: Workspace, path: SftpPath) =>
  JSON.stringify([accountOf(session), typeof path === "string" ? path : [...path]]);

/** They are gone with the page: the browser asks before it leaves. */
const stay = (event: Event) => event.preventDefault();

export function keepDraft(workspace: Workspace, draft: Draft): void {
  drafts.set(keyOf(workspace, draft.file.path), draft);
  const [oldest = ""] = drafts.keys();
  if (drafts.size > MOST) drafts.delete(oldest);
  addEventListener("beforeunload", stay);
}

/** It is then with the caller alone. */
export function takeDraft(workspace: Workspace, path: SftpPath): Draft | undefined {
  const key = keyOf(workspace, path);
  const draft = drafts.get(key);
  drafts.delete(key);
  if (!drafts.size) removeEventListener("beforeunload", stay);
  return draft;
}
