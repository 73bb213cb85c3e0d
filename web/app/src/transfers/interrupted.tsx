/** Uploads that the last page, or the last login, left behind. */

import { useWorkspace } from "../app/context.ts";
import { visible } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import type { Unfinished } from "./unfinished.ts";
import { forget, goOn, isKept, pickAgain } from "./uploading.ts";
import { words } from "./words.ts";

export function InterruptedUploads() {
  const { unfinished } = useWorkspace();
  const list = unfinished.interrupted.value;
  if (!list.length) return null;
  return (
    <div class="interrupted">
      <p role="status">
        <strong>{words().interrupted(list.length)}</strong> {!list.every(isKept) && words().interruptedWhy}
      </p>
      <ul>
        {list.map((lost) => (
          <Interrupted key={lost.id} lost={lost} />
        ))}
      </ul>
    </div>
  );
}

function Interrupted({ lost }: { readonly lost: Unfinished }) {
  const workspace = useWorkspace();
  const name = lost.name ? visible(lost.name) : words().looseFiles;
  return (
    <li>
      {isKept(lost) ? (
        <Button onClick={() => goOn(workspace, lost)}>
          <bdi>{words().goOn(name)}</bdi>
        </Button>
      ) : (
        <Button onClick={() => pickAgain(workspace, lost)}>
          <bdi>{words().pickAgain(name)}</bdi>
        </Button>
      )}
      <Button look="quiet" onClick={() => forget(workspace, lost)}>
        <bdi>{words().forget(name)}</bdi>
      </Button>
      <span role="alert">{workspace.unfinished.mistaken.value === lost && words().otherPicked(name)}</span>
    </li>
  );
}
