/** The workspace, for components. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Workspace } from "./workspace.ts";

export const WorkspaceContext = createContext<Workspace | undefined>(undefined);

/** Only below the shell of the page, which is there after the login. */
export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext);
  if (!workspace) throw new Error("no workspace: this component is shown before the login");
  return workspace;
}
