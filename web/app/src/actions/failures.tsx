/** What an action could not do: listed with the reasons, until the person has read it. */

import { nameOf } from "../files/place.ts";
import { explain } from "../text/explain.ts";
import { visibleName } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { type Asking, ask, Dialog } from "../ui/dialog.tsx";
import type { Failure } from "./batch.ts";
import { words } from "./words.ts";
import "./dialogs.css";

/** More would not be read. */
const MOST = 100;

/** Resolves when the dialog is closed; at once where nothing failed. */
export async function tellFailures(title: string, failures: readonly Failure[]): Promise<void> {
  if (!failures.length) return;
  await ask((asking) => <FailuresDialog title={title} failures={failures} {...asking} />);
}

interface Props extends Asking<never> {
  readonly title: string;
  readonly failures: readonly Failure[];
}

function FailuresDialog({ title, failures, done }: Props) {
  const say = words();
  return (
    <Dialog
      title={title}
      onClose={() => done()}
      onSubmit={() => done()}
      actions={
        <Button look="primary" type="submit" autofocus>
          {say.close}
        </Button>
      }
    >
      <div class="action-dialog">
        <p>{say.failures(failures.length)}</p>
        <ul class="failures">
          {failures.slice(0, MOST).map(({ path, error }, index) => (
            <li key={index}>
              <strong>
                <bdi>{visibleName(nameOf(path))}</bdi>
              </strong>
              <span>{explain(error)}</span>
            </li>
          ))}
        </ul>
        {failures.length > MOST && <p>{say.moreFailures(failures.length - MOST)}</p>}
      </div>
    </Dialog>
  );
}
