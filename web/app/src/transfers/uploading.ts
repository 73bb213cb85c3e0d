/** The way from what a person gives to rows of transfers. */

import type { SftpPath } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { parsePlace } from "../files/place.ts";
import { accountOf } from "./attend.ts";
import { count, type Gift, giftsOfFiles } from "./gifts.ts";
import type { Batch, Row, RowInfo, Tasks } from "./row.ts";
import type { Unfinished } from "./unfinished.ts";
import { uploadTasks } from "./uploads.ts";

/** What is not finished, while this page lives: a login that ends takes no files with it. */
const kept = new Map<string, Gift>();

/** Begins at once. `again`: what is there already with the same size and time is left without a question. */
export function upload(
  workspace: Workspace,
  gifts: readonly Gift[],
  folder: SftpPath = workspace.path,
  again = false,
): void {
  const batch: Batch = {};
  for (const gift of gifts) begin(workspace, gift, folder, batch, again);
}

function begin(workspace: Workspace, gift: Gift, folder: SftpPath, batch: Batch, begun: boolean): void {
  const { client, session, transfers } = workspace;
  const account = accountOf(session);
  const { name, many } = gift;
  const info: RowInfo = { kind: "upload", name, folder, many, batch };
  const tasks: Tasks = (again) => {
    remember(workspace, gift, info);
    return uploadTasks(gift.entries(), { client, account, folder, batch, again: again || begun });
  };
  const row = transfers.addAll(tasks, info);
  if (many) void counting(gift, row);
}

/** Until it is done or cancelled. What failed may be tried again, by this login or the next one. */
function remember(workspace: Workspace, gift: Gift, info: RowInfo): void {
  const { transfers, unfinished } = workspace;
  const { name, many } = gift;
  const id = unfinished.note({ name, many, link: workspace.linkTo(info.folder) });
  kept.set(id, gift);
  transfers.onEnd.add(function ended(row) {
    if (row.info !== info || row.state === "failed") return;
    transfers.onEnd.delete(ended);
    kept.delete(id);
    unfinished.forget(id);
  });
}

async function counting(gift: Gift, row: Row): Promise<void> {
  const counted = { files: 0, bytes: 0, complete: false };
  row.counted = counted;
  await count(gift, counted, () => row.cancelled);
  counted.complete = true;
}

let input: HTMLInputElement | undefined;

/** Opens the browser's dialog. Nothing is told where it is left: browsers differ in when they say so. */
export function pick(folder: boolean, picked: (gifts: readonly Gift[]) => void): void {
  input?.remove();
  const fresh = document.createElement("input");
  Object.assign(fresh, { type: "file", multiple: true, hidden: true, webkitdirectory: folder });
  fresh.addEventListener("change", () => {
    picked(giftsOfFiles(fresh.files ?? []));
    fresh.remove();
  });
  // Firefox and Safari forget inputs that are not in the page.
  document.body.append(fresh);
  fresh.click();
  input = fresh;
}

/** Whether an interrupted upload can go on without the person. */
export const isKept = ({ id }: Unfinished): boolean => kept.has(id);

/** Goes on with an upload of a login that has ended, in this page. */
export function goOn(workspace: Workspace, lost: Unfinished): void {
  const gift = kept.get(lost.id);
  const { path } = parsePlace(lost.link);
  forget(workspace, lost);
  if (gift && path) upload(workspace, [gift], path, true);
}

export function forget({ unfinished }: Workspace, { id }: Unfinished): void {
  kept.delete(id);
  unfinished.forget(id);
}

/** For an upload that was interrupted: what has to be picked has the same name. */
export function pickAgain(workspace: Workspace, lost: Unfinished): void {
  pick(lost.many && lost.name !== "", (picked) => {
    const gifts = picked.filter(({ name }) => !lost.name || name === lost.name);
    const { path } = parsePlace(lost.link);
    const fits = gifts.length > 0 && path !== undefined;
    workspace.unfinished.mistaken.value = fits ? undefined : lost;
    if (!fits) return;
    forget(workspace, lost);
    upload(workspace, gifts, path, true);
  });
}
