/** What the list says where there is nothing to list. */

import { FolderOpen, RotateCw, SearchX, TriangleAlert } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { SftpError } from "sftpbridge-client";
import { useWorkspace } from "../app/context.ts";
import { explain } from "../text/explain.ts";
import { Button } from "../ui/button.tsx";
import { parentOf } from "./place.ts";
import { words } from "./words.ts";
import "./states.css";

export function ListState() {
  const { rows, listing } = useWorkspace();
  const state = listing.state.value;
  if (state === "failed") return <Failed />;
  if (rows.length) return null;
  if (state === "loading" && !listing.entries.value.length) return <Skeleton />;
  if (state === "loading") return null;
  return listing.entries.value.length ? <NoHits /> : <Empty />;
}

/** Shown by its style only where it takes longer. */
const Skeleton = () => (
  <div class="skeleton" aria-hidden="true">
    {Array.from({ length: 8 }, (_, index) => (
      <span key={index} />
    ))}
  </div>
);

interface PanelProps {
  readonly icon: typeof FolderOpen;
  readonly title: string;
  /** Beneath rows. */
  readonly isBelow?: boolean;
  readonly children?: ComponentChildren;
}

// Within the grid it is a row of one cell: nothing else may be there.
const Panel = ({ icon: Icon, title, isBelow, children }: PanelProps) => (
  <div role="row" class={isBelow ? "panel below" : "panel"}>
    <div role="gridcell">
      <Icon size={40} strokeWidth={1.25} aria-hidden="true" />
      <p class="title">{title}</p>
      {children}
    </div>
  </div>
);

const Empty = () => (
  <Panel icon={FolderOpen} title={words().empty}>
    <p>{words().emptyHint}</p>
  </Panel>
);

function NoHits() {
  const { rows } = useWorkspace();
  if (!rows.filter.value)
    return (
      <Panel icon={FolderOpen} title={words().onlyHidden}>
        <Button onClick={() => (rows.hidden.value = true)}>{words().showHidden}</Button>
      </Panel>
    );
  return (
    <Panel icon={SearchX} title={words().nothingFits}>
      <Button onClick={() => (rows.filter.value = "")}>{words().clearFilter}</Button>
    </Panel>
  );
}

/** Rows that are there already stay: they may be all that can be had. */
function Failed() {
  const workspace = useWorkspace();
  const { listing } = workspace;
  const error = listing.error.value;
  const isMissing = error instanceof SftpError && error.code === "ENOENT";
  const isRoot = parentOf(workspace.path) === workspace.path;
  return (
    <Panel
      icon={TriangleAlert}
      title={isMissing ? words().missing : words().failed}
      isBelow={workspace.rows.length > 0}
    >
      {!isMissing && <p>{explain(error)}</p>}
      <div class="actions">
        <Button icon={RotateCw} onClick={() => workspace.reload()}>
          {words().again}
        </Button>
        {!isRoot && (
          <Button
            look={isMissing ? "primary" : "plain"}
            onClick={() => workspace.go(parentOf(workspace.path))}
          >
            {words().up}
          </Button>
        )}
        {isMissing && <Button onClick={() => workspace.go(workspace.session.home)}>{words().home}</Button>}
      </div>
    </Panel>
  );
}
