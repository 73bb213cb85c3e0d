/** Deleting: asked about honestly, and told what stays. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Entry, join, type RemoveProgress } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { number } from "../text/format.ts";
import { visibleName } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { type Asking, ask, Dialog, isAsking } from "../ui/dialog.tsx";
import { say } from "../ui/notices.tsx";
import { words as common } from "../ui/words.ts";
import { type Failure, forEach } from "./batch.ts";
import { words } from "./dialog-words.ts";
import { tellFailures } from "./failures.tsx";
import type { Job } from "./jobs.ts";
import { type Measure, measure, NOTHING } from "./measure.ts";
import { reveal } from "./reveal.ts";
import { words as actionWords } from "./words.ts";
import "./dialogs.css";

/** Things side by side; of each folder the library removes many files at a time. */
const WIDTH = 8;
/** Names that the question shows. */
const SHOWN = 5;

export async function deleteSelected(workspace: Workspace): Promise<void> {
  // Wanted twice while this was loaded.
  if (isAsking()) return;
  const entries = workspace.selected.value;
  const directory = workspace.path;
  const answer = await ask<Measure>((asking) => (
    <DeleteDialog workspace={workspace} entries={entries} {...asking} />
  ));
  if (!answer) return;
  await workspace.actions.jobs.run(actionWords().deleting(entries), async (job) => {
    const gone: Entry[] = [];
    const progress = progressOf(job, answer);
    let failures: readonly Failure[] = [];
    const remove = async (entry: Entry) => {
      const onProgress = ({ removed }: RemoveProgress) => progress(entry, removed);
      await workspace.client.remove(join(directory, entry), {
        recursive: entry.type === "directory",
        signal: job.signal,
        onProgress,
      });
      progress(entry);
      gone.push(entry);
    };
    const how = { width: WIDTH, signal: job.signal };
    try {
      failures = await forEach(entries, how, (it) => join(directory, it), remove);
    } finally {
      await reveal(workspace, directory, { gone });
    }
    if (gone.length) say(actionWords().deleted(gone));
    await tellFailures(actionWords().notDeletedTitle, failures);
  });
}

/** Reports how many things of each entry are gone. */
function progressOf({ detail, fraction }: Job, { files, folders, isComplete }: Measure) {
  const counts = new Map<Entry, number>();
  return (entry: Entry, removed = counts.get(entry) ?? 1) => {
    counts.set(entry, removed);
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    detail.value = actionWords().deletedCount(all);
    if (isComplete) fraction.value = Math.min(1, all / (files + folders));
  };
}

interface Props extends Asking<Measure> {
  readonly workspace: Workspace;
  readonly entries: readonly Entry[];
}

/** The answer is what was counted by then. */
function DeleteDialog({ workspace, entries, done }: Props) {
  const say = words();
  const counted = useSignal(NOTHING);
  useEffect(() => {
    const stop = new AbortController();
    const report = (found: Measure) => {
      if (!stop.signal.aborted) counted.value = found;
    };
    // It is only told: what cannot be counted can still be deleted.
    const things = entries.map((entry) => ({ ...entry, path: workspace.pathOf(entry) }));
    measure(workspace.client, things, stop.signal, report).catch(() => {
      report({ ...counted.value, unread: counted.value.unread + 1 });
    });
    return () => stop.abort();
  }, [workspace, entries, counted]);
  const [first] = entries;
  const title =
    entries.length === 1 && first ? say.deleteTitle(first.name) : say.deleteManyTitle(entries.length);
  return (
    <Dialog
      title={title}
      onClose={() => done()}
      actions={
        <>
          <Button autofocus onClick={() => done()}>
            {common().cancel}
          </Button>
          <Button look="danger" onClick={() => done(counted.value)}>
            {say.delete}
          </Button>
        </>
      }
    >
      <div class="action-dialog">
        {entries.length > 1 && <Names entries={entries} />}
        <p>{say.forGood}</p>
        {entries.some(({ type }) => type === "directory") && (
          <Inside entries={entries} counted={counted.value} />
        )}
        {entries.some(({ type }) => type === "symlink") && <p>{say.onlyLinks}</p>}
      </div>
    </Dialog>
  );
}

function Names({ entries }: { readonly entries: readonly Entry[] }) {
  return (
    <ul class="names">
      {entries.slice(0, SHOWN).map((entry, index) => (
        <li key={index}>
          <bdi>{visibleName(entry)}</bdi>
        </li>
      ))}
      {entries.length > SHOWN && <li>{words().andMore(number(entries.length - SHOWN))}</li>}
    </ul>
  );
}

function Inside({ entries, counted }: { readonly entries: readonly Entry[]; readonly counted: Measure }) {
  const say = words();
  const folders = entries.filter(({ type }) => type === "directory").length;
  // Without what is selected itself, as far as it was counted.
  const files = Math.max(0, counted.files - (entries.length - folders));
  const inside = say.inside(files, Math.max(0, counted.folders - folders));
  return (
    <>
      <p>{say.allInside}</p>
      <p class="hint" role="status">
        {counted.isComplete ? `${inside}.` : `${say.counting} ${inside}`}
        {counted.unread > 0 && ` ${say.uncounted}`}
      </p>
    </>
  );
}
