/** What of the actions is always there: jobs under way, and what the whole page listens to. */

import { useEffect } from "preact/hooks";
import { useWorkspace } from "../app/context.ts";
import type { Workspace } from "../app/workspace.ts";
import { Button } from "../ui/button.tsx";
import { fail } from "../ui/notices.tsx";
import { paste } from "./clipboard.ts";
import { commandWords } from "./command-words.ts";
import { listenToDrags } from "./drag.ts";
import type { Job } from "./jobs.ts";
import { words } from "./words.ts";
import "./layer.css";

export function ActionLayer() {
  const workspace = useWorkspace();
  const jobs = workspace.actions.jobs.shown.value;
  const isBusy = jobs.length > 0;
  useEffect(() => listenToDrags(workspace), [workspace]);
  useEffect(() => listenToPaste(workspace), [workspace]);
  useEffect(() => (isBusy ? holdThePage() : undefined), [isBusy]);
  if (!isBusy) return null;
  return (
    <section class="jobs" aria-label={words().underWay}>
      {jobs.map((job) => (
        <JobRow key={job.id} job={job} />
      ))}
    </section>
  );
}

/** Files of the system's clipboard are an upload: they are not ours. */
function listenToPaste(workspace: Workspace): () => void {
  // A key that is held pastes again and again.
  let isHeld = false;
  const pressed = ({ repeat }: KeyboardEvent) => {
    isHeld = repeat;
  };
  const pasted = (event: ClipboardEvent) => {
    const isText = event.target instanceof Element && event.target.matches("input, textarea, dialog *");
    if (event.defaultPrevented || isText || event.clipboardData?.files.length) return;
    if (!workspace.actions.clip.value) return;
    event.preventDefault();
    if (isHeld) return;
    paste(workspace).catch((error) => fail(`${commandWords().paste}:`, error));
  };
  addEventListener("keydown", pressed, true);
  addEventListener("paste", pasted);
  return () => {
    removeEventListener("keydown", pressed, true);
    removeEventListener("paste", pasted);
  };
}

/** Until it is done, the browser asks before it leaves. */
function holdThePage(): () => void {
  const hold = (event: Event) => event.preventDefault();
  addEventListener("beforeunload", hold);
  return () => removeEventListener("beforeunload", hold);
}

function JobRow({ job }: { readonly job: Job }) {
  const fraction = job.fraction.value;
  return (
    <div class="job">
      <p role="status">{job.title}</p>
      <progress aria-label={job.title} {...(fraction !== undefined && { value: fraction })} />
      <p class="detail">{job.detail.value}</p>
      <Button onClick={() => job.stop()}>{words().stop}</Button>
    </div>
  );
}
