/** The page after the login: where things are. */

import { useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { DownloadLimits } from "../downloads/limits.tsx";
import { Breadcrumbs } from "../files/breadcrumbs.tsx";
import { Filter } from "../files/filter.tsx";
import { focusList } from "../files/focus.ts";
import { FileList } from "../files/list.tsx";
import { nameOf } from "../files/place.ts";
import { Status } from "../files/status.tsx";
import { Account } from "../login/account.tsx";
import type { Info } from "../session/info.ts";
import { connectionState, type Session } from "../session/session.ts";
import mark from "../style/icon.svg";
import { visible, visibleName } from "../text/name.ts";
import { DropZone } from "../transfers/drop.tsx";
import { isIdle, later, loadAhead } from "../ui/later.tsx";
import { WorkspaceContext } from "./context.ts";
import { useShortcuts } from "./shortcuts.ts";
import { Toolbar } from "./toolbar.tsx";
import { Workspace } from "./workspace.ts";
import "./shell.css";

const ActionLayer = later(async () => (await import("../actions/layer.tsx")).ActionLayer, { quietly: true });
const TransfersPanel = later(async () => (await import("../transfers/panel.tsx")).TransfersPanel, {
  quietly: true,
});
const RenameField = later(async () => (await import("../actions/rename-field.tsx")).RenameField);

interface ShellProps {
  readonly info: Info;
  readonly session: Session;
  /** What is told beside the files: above what goes on there, so that neither lies over the other. */
  readonly children: ComponentChildren;
}

export function Shell({ info, session, children }: ShellProps) {
  const workspace = useMemo(() => new Workspace(session, info.default_upstream), [session, info]);
  useEffect(() => () => workspace.close(), [workspace]);
  useEffect(focusList, []);
  useSignalEffect(() => {
    document.title = `${visibleName(nameOf(workspace.listing.path.value))} – ${info.title}`;
  });
  // It names the folder of whoever was logged in.
  const nameNobody = () => {
    document.title = visible(info.title);
  };
  useEffect(() => nameNobody, [info]);
  useShortcuts(workspace);
  useLoadingAhead(workspace);
  return (
    <WorkspaceContext.Provider value={workspace}>
      <div class="shell">
        <header class="top">
          <h1 class="brand">
            <img src={mark} alt="" width={28} height={28} />
            <span>{info.title}</span>
          </h1>
          <Breadcrumbs />
          <Filter />
          <Account info={info} session={session} isBusy={() => workspace.isBusy} />
        </header>
        <main class="sheet">
          <Toolbar />
          <FileList NameField={RenameField} />
        </main>
        <Status />
        <div class="dock">
          <DownloadLimits />
          {children}
          {isIdle.value && <ActionLayer />}
          {(isIdle.value || workspace.transfers.rows.value.length > 0) && <TransfersPanel />}
        </div>
        <DropZone />
      </div>
    </WorkspaceContext.Provider>
  );
}

/** As soon as the first folder is there, or waits for a connection that was lost. */
function useLoadingAhead({ listing }: Workspace): void {
  useSignalEffect(() => {
    if (listing.state.value !== "loading" || connectionState.value !== "ready") void loadAhead();
  });
}
