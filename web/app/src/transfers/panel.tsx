/** The transfers, at the end of the page: a line that sums them up, and a list of them. */

import { useSignal } from "@preact/signals";
import { ChevronDown, ChevronUp, CircleX, ListX, Pause, Play, RotateCw } from "lucide-preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { useWorkspace } from "../app/context.ts";
import { connectionState } from "../session/session.ts";
import { percent } from "../text/format.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { commandWords } from "./command-words.ts";
import { InterruptedUploads } from "./interrupted.tsx";
import { ProgressBar } from "./progress-bar.tsx";
import type { Row } from "./row.ts";
import { RowItem } from "./row-item.tsx";
import { nameOf, paceOf } from "./status.ts";
import type { Summary, Transfers } from "./transfers.ts";
import { words } from "./words.ts";
import "./panel.css";

/** Rows that are shown before more are asked for. */
const PAGE = 200;

export function TransfersPanel() {
  const { transfers, unfinished } = useWorkspace();
  const shown = useSignal(PAGE);
  const toggle = useRef<HTMLButtonElement>(null);
  const list = useId();
  const rows = transfers.rows.value;
  const open = transfers.open.value;
  // Figures change without the list.
  void transfers.revision.value;
  if (!rows.length && !unfinished.interrupted.value.length) return <Announcements />;
  const say = words();
  const { summary } = transfers;
  return (
    <section class="transfers" aria-label={commandWords().transfers}>
      <Announcements />
      <InterruptedUploads />
      {rows.length > 0 && (
        <header>
          <button
            ref={toggle}
            type="button"
            class="transfers-summary"
            aria-expanded={open}
            aria-controls={list}
            onClick={() => {
              transfers.open.value = !open;
            }}
          >
            {open ? <ChevronDown size={18} aria-hidden="true" /> : <ChevronUp size={18} aria-hidden="true" />}
            <span>{summaryOf(summary)}</span>
          </button>
          <ProgressBar
            label={say.overall}
            part={summary.active ? summary.part : 1}
            text={summaryOf(summary)}
          />
          <AllActions transfers={transfers} summary={summary} />
        </header>
      )}
      {open && rows.length > 0 && (
        <div class="transfers-list" id={list}>
          <ul>
            {rows.slice(0, shown.value).map((row) => (
              <RowItem key={row.id} row={row} onGone={() => toggle.current?.focus()} />
            ))}
          </ul>
          {rows.length > shown.value && (
            <Button
              look="quiet"
              onClick={() => {
                shown.value += PAGE;
              }}
            >
              {say.showMore(rows.length - shown.value)}
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

/** “3 transfers · 45% · 2 min left · 12 MB/s”, on one line, whose end may not be seen. */
function summaryOf(summary: Summary): string {
  const say = words();
  const { active, failed, asking, part } = summary;
  const parts: string[] = [];
  if (failed) parts.push(say.someFailed(failed));
  if (asking) parts.push(say.states.asking);
  if (active) parts.push(say.active(active), part === undefined ? "" : percent(part));
  if (active && connectionState.value === "ready") parts.push(...paceOf(summary));
  return parts.filter(Boolean).join(" · ") || say.allDone;
}

function AllActions({ transfers, summary }: { readonly transfers: Transfers; readonly summary: Summary }) {
  const say = words();
  const rows = transfers.rows.value;
  const paused = rows.some((row) => row.paused && !row.over);
  const clearable = rows.some((row) => row.over && !row.failures.length);
  return (
    <div class="transfers-actions">
      {summary.active > 0 && (
        <IconButton
          icon={paused ? Play : Pause}
          label={paused ? say.resumeAll : say.pauseAll}
          onClick={() => (paused ? transfers.resume() : transfers.pause())}
        />
      )}
      {summary.active > 0 && (
        <IconButton icon={CircleX} label={say.cancelAll} onClick={() => transfers.cancel()} />
      )}
      {summary.failed > 0 && (
        <IconButton icon={RotateCw} label={say.retryAll} onClick={() => transfers.retry()} />
      )}
      {clearable && <IconButton icon={ListX} label={say.clear} onClick={() => transfers.clear()} />}
    </div>
  );
}

/** Starts and ends, for those who do not see them. */
function Announcements() {
  const { transfers } = useWorkspace();
  const said = useSignal("");
  useEffect(() => {
    let known = new Set<number>();
    const begin = transfers.rows.subscribe((rows) => {
      const fresh = rows.filter(({ id }) => !known.has(id));
      known = new Set(rows.map(({ id }) => id));
      if (fresh.length) said.value = words().began(labelOf(fresh));
    });
    const end = (row: Row) => {
      said.value = words().ended(nameOf(row), words().states[row.state]);
    };
    transfers.onEnd.add(end);
    return () => {
      begin();
      transfers.onEnd.delete(end);
    };
  }, [transfers]);
  return (
    <p class="unseen" role="status">
      {said}
    </p>
  );
}

const labelOf = ([first, ...others]: readonly Row[]) =>
  [first && nameOf(first), others.length ? words().more(others.length) : ""].filter(Boolean).join(" ");
