/** One transfer in the list. */

import {
  ArrowDown,
  ArrowUp,
  CircleAlert,
  CircleCheck,
  FolderSearch,
  Pause,
  Play,
  RotateCw,
  X,
} from "lucide-preact";
import { useWorkspace } from "../app/context.ts";
import { ancestors } from "../files/place.ts";
import { visible } from "../text/name.ts";
import { IconButton } from "../ui/button.tsx";
import { ProgressBar } from "./progress-bar.tsx";
import { reveal } from "./reveal.ts";
import type { Row } from "./row.ts";
import { nameOf, reasonOf, statusOf } from "./status.ts";
import { words } from "./words.ts";

/** Failures of one row that are told by name. */
const TOLD = 100;

const text = new TextDecoder();

export function RowItem({ row, onGone }: { readonly row: Row; readonly onGone: () => void }) {
  const workspace = useWorkspace();
  void workspace.transfers.revision.value;
  const { state, bytes, total } = row;
  const { kind, folder } = row.info;
  const say = words();
  const name = nameOf(row);
  const status = statusOf(row);
  const part = state === "done" ? 1 : total === undefined ? undefined : total ? bytes / total : 0;
  const [parent] = ancestors(folder).slice(-1);
  return (
    <li class={`transfer ${state}`}>
      <Sign row={row} />
      <div class="transfer-what">
        <strong>
          <bdi>{name}</bdi>
        </strong>
        <span class="transfer-where">
          {kind === "upload" ? say.uploadTo : say.downloadFrom}{" "}
          <a
            href={workspace.linkTo(folder)}
            title={visible(typeof folder === "string" ? folder : text.decode(folder))}
          >
            <bdi>{visible(parent?.name ?? "/")}</bdi>
          </a>
        </span>
      </div>
      <ProgressBar label={say.progress(name)} part={part} text={status} failed={state === "failed"} />
      <p class="transfer-status">{status}</p>
      <Actions row={row} onGone={onGone} />
      <Failures row={row} />
    </li>
  );
}

function Sign({ row: { state, info } }: { readonly row: Row }) {
  const Icon =
    state === "failed"
      ? CircleAlert
      : state === "done"
        ? CircleCheck
        : info.kind === "upload"
          ? ArrowUp
          : ArrowDown;
  return <Icon size={18} aria-hidden="true" class="transfer-sign" />;
}

/** Two places, whose buttons change: who has pressed one still has the focus on what is there now. */
function Actions({ row, onGone }: { readonly row: Row; readonly onGone: () => void }) {
  const workspace = useWorkspace();
  const { transfers } = workspace;
  const say = words();
  const name = nameOf(row);
  const dismiss = () => {
    transfers.clear(row);
    onGone();
  };
  return (
    <div class="transfer-actions">
      {!row.over && row.paused ? (
        <IconButton icon={Play} label={say.resume(name)} onClick={() => transfers.resume(row)} />
      ) : !row.over ? (
        <IconButton icon={Pause} label={say.pause(name)} onClick={() => transfers.pause(row)} />
      ) : row.state === "done" ? (
        <IconButton
          icon={FolderSearch}
          label={say.reveal(name)}
          onClick={() => reveal(workspace, row.info)}
        />
      ) : (
        <IconButton icon={RotateCw} label={say.retry(name)} onClick={() => transfers.retry(row)} />
      )}
      <IconButton
        icon={X}
        label={row.over ? say.dismiss(name) : say.cancel(name)}
        onClick={() => (row.over ? dismiss() : transfers.cancel(row))}
      />
    </div>
  );
}

/** Of what has many files, each by its name. */
function Failures({ row }: { readonly row: Row }) {
  const { failures, info } = row;
  if (!info.many || !failures.length) return null;
  const more = failures.length - TOLD;
  return (
    <details class="transfer-failures">
      <summary>{words().which}</summary>
      <ul>
        {row.stopped && <li>{words().stopped}</li>}
        {failures.slice(0, TOLD).map(({ task, error }) => (
          <li key={task}>
            <bdi>{visible(task.name)}</bdi>: {reasonOf(error)}
          </li>
        ))}
        {more > 0 && <li>{words().more(more)}</li>}
      </ul>
    </details>
  );
}
