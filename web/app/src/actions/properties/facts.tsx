/** What is known of something, or is found out when it is asked for. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type FileSystem, shown } from "sftpbridge-client";
import type { Workspace } from "../../app/workspace.ts";
import { patience } from "../../session/patience.ts";
import { needsHttps } from "../../session/secure.ts";
import { explain } from "../../text/explain.ts";
import { exactDate, number, size } from "../../text/format.ts";
import { visible } from "../../text/name.ts";
import { Button } from "../../ui/button.tsx";
import { type Measure, measure, NOTHING } from "../measure.ts";
import type { Subject } from "./subject.ts";
import { words } from "./words.ts";

function Fact({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface Props {
  readonly workspace: Workspace;
  readonly subjects: readonly Subject[];
}

export function Facts({ workspace, subjects }: Props) {
  const say = words();
  const [first] = subjects;
  const only = subjects.length === 1 ? first : undefined;
  const folders = subjects.filter(({ type }) => type === "directory").length;
  return (
    <dl class="facts">
      {only && (
        <Fact label={say.path}>
          <bdi>{visible(shown(only.path))}</bdi>
        </Fact>
      )}
      <Fact label={say.kind}>
        {only ? say.kinds[only.type] : say.mixed(subjects.length - folders, folders)}
      </Fact>
      <Fact label={say.size}>
        {only && only.type !== "directory" ? (
          <FileSize bytes={only.attributes.size} />
        ) : (
          <TreeSize workspace={workspace} subjects={subjects} />
        )}
      </Fact>
      {only?.attributes.atime !== undefined && (
        <Fact label={say.accessed}>{exactDate(only.attributes.atime)}</Fact>
      )}
      {first && (
        <Fact label={say.space}>
          <Space workspace={workspace} subject={first} />
        </Fact>
      )}
      {only?.type === "file" && (
        <Fact label={say.checksum}>
          <Checksum workspace={workspace} subject={only} />
        </Fact>
      )}
    </dl>
  );
}

function FileSize({ bytes }: { readonly bytes: number | undefined }) {
  const say = words();
  if (bytes === undefined) return <>{say.unknown}</>;
  return <>{bytes < 1000 ? size(bytes) : say.exactly(size(bytes), number(bytes))}</>;
}

/** Calculated when it is wanted: it may take long. */
function TreeSize({ workspace, subjects }: Props) {
  const say = words();
  const found = useSignal<Measure | undefined>(undefined);
  const problem = useSignal("");
  const running = useSignal<AbortController | undefined>(undefined);
  useEffect(() => () => running.value?.abort(), [running]);

  const work = async () => {
    const stop = new AbortController();
    running.value = stop;
    found.value = NOTHING;
    problem.value = "";
    const report = (measured: Measure) => {
      found.value = measured;
    };
    try {
      await measure(workspace.client, subjects, stop.signal, report);
    } catch (error) {
      problem.value = explain(error);
    }
    running.value = undefined;
  };
  const measured = found.value;
  return (
    <span class="on-demand">
      {measured && (
        <span role="status">
          {say.measured(size(measured.bytes), measured.files, measured.folders)}
          {!measured.isComplete && `, ${say.soFar}`}
          {measured.unread > 0 && `, ${say.unread(measured.unread)}`}
          {problem.value && `. ${problem.value}`}
        </span>
      )}
      {running.value ? (
        <Button onClick={() => running.value?.abort()}>{say.stop}</Button>
      ) : (
        !measured?.isComplete && (
          <Button aria-label={`${say.size}: ${say.measure}`} onClick={work}>
            {say.measure}
          </Button>
        )
      )}
    </span>
  );
}

/** Of the file system where it is. */
function Space({ workspace, subject }: { readonly workspace: Workspace; readonly subject: Subject }) {
  const say = words();
  const found = useSignal<FileSystem | undefined>(undefined);
  const problem = useSignal("");
  const isLacking = workspace.actions.features.lacks("statvfs@openssh.com");
  useEffect(() => {
    if (isLacking) return;
    const at = subject.type === "directory" ? subject.path : subject.directory;
    workspace.client.statvfs(at, { signal: patience() }).then(
      (system) => {
        found.value = system;
      },
      (error) => {
        problem.value = explain(error);
      },
    );
  }, [workspace, subject, isLacking, found, problem]);
  if (isLacking) return <span class="hint">{say.noSpace}</span>;
  const system = found.value;
  if (!system) return <>{problem.value || "…"}</>;
  const all = system.blocks * system.fragmentSize;
  const free = system.availableBlocks * system.fragmentSize;
  return (
    <span class="on-demand">
      {say.freeOf(size(free), size(all))}
      <meter aria-label={say.space} min={0} max={all} value={free} />
    </span>
  );
}

/** Bytes that are read for a checksum where the server has none. */
const MOST_READ = 64 * 1024 * 1024;

function Checksum({ workspace, subject }: { readonly workspace: Workspace; readonly subject: Subject }) {
  const say = words();
  const result = useSignal("");
  const stop = useRef<AbortController | undefined>(undefined);
  const isBusy = useSignal(false);
  useEffect(() => () => stop.current?.abort(), []);
  const isRead = workspace.actions.features.lacks("check-file");
  const isTooLarge = isRead && (subject.attributes.size ?? 0) > MOST_READ;
  // WebCrypto hashes what is read.
  const why = isTooLarge ? say.checksumTooLarge : isRead ? needsHttps() : undefined;
  const work = async () => {
    if (isBusy.value) return;
    isBusy.value = true;
    stop.current = new AbortController();
    const options = { maximum: MOST_READ, signal: stop.current.signal };
    result.value = await workspace.client.checksum(subject.path, "sha256", options).catch(explain);
    isBusy.value = false;
  };
  if (result.value) return <code role="status">{result.value}</code>;
  return (
    <Button
      unavailable={why}
      aria-label={`${say.checksum}: ${say.calculate}`}
      aria-busy={isBusy.value}
      onClick={work}
    >
      {isBusy.value ? "…" : say.calculate}
    </Button>
  );
}
