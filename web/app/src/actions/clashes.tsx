/** Names that are taken where something is to be put: asked about one after the other, or once for all. */

import { useSignal } from "@preact/signals";
import type { Attributes } from "sftpbridge-client";
import { typeOf } from "../files/mode.ts";
import { date, size } from "../text/format.ts";
import { Button } from "../ui/button.tsx";
import { type Asking, ask, Dialog } from "../ui/dialog.tsx";
import { type Clash, choices, type Decision } from "./decision.ts";
import { words } from "./dialog-words.ts";
import type { Job } from "./jobs.ts";
import "./dialogs.css";

interface Answer {
  readonly decision: Decision;
  readonly forAll: boolean;
}

/** Those of one job. */
export class Clashes {
  readonly #job: Job;
  /** What was chosen for all, by what could be chosen. */
  readonly #forAll = new Map<string, Decision>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(job: Job) {
    this.#job = job;
  }

  /** Leaving the dialog stops the job, and rejects. */
  decide(clash: Clash): Promise<Decision> {
    const next = this.#last.then(() => this.#decide(clash));
    this.#last = next.catch(() => {});
    return next;
  }

  async #decide(clash: Clash): Promise<Decision> {
    const { signal } = this.#job;
    const kind = choices(clash).join();
    const known = this.#forAll.get(kind);
    if (known) return known;
    signal.throwIfAborted();
    const answer = await ask<Answer>((asking) => <ClashDialog {...clash} {...asking} />, signal);
    if (!answer) this.#job.stop();
    signal.throwIfAborted();
    const { decision = "skip", forAll = false } = answer ?? {};
    if (forAll) this.#forAll.set(kind, decision);
    return decision;
  }
}

function ClashDialog({ done, ...clash }: Clash & Asking<Answer>) {
  const say = words();
  const forAll = useSignal(false);
  const possible = choices(clash);
  const choose = (decision: Decision) => done({ decision, forAll: forAll.value });
  return (
    <Dialog
      title={say.clashTitle(clash.named.name)}
      onClose={() => done()}
      actions={
        <>
          <Button onClick={() => done()}>{say.stop}</Button>
          {possible.map((decision) => (
            <Button
              key={decision}
              look={decision === "replace" ? "danger" : "plain"}
              autofocus={decision === "both"}
              onClick={() => choose(decision)}
            >
              {say[decision]}
            </Button>
          ))}
        </>
      }
    >
      <div class="action-dialog">
        <dl class="clash">
          <Side title={say.thereNow} attributes={clash.target} />
          <Side title={say.coming} attributes={clash.source} />
        </dl>
        {possible.includes("merge") && <p class="hint">{say.mergeHint}</p>}
        {clash.isOneOfMany && (
          <label class="check">
            <input
              type="checkbox"
              checked={forAll.value}
              onChange={(event) => {
                forAll.value = event.currentTarget.checked;
              }}
            />
            {say.forAll}
          </label>
        )}
      </div>
    </Dialog>
  );
}

function Side({ title, attributes }: { readonly title: string; readonly attributes: Attributes }) {
  const say = words();
  const { size: bytes, mtime } = attributes;
  const kinds = { directory: say.folder, symlink: say.link, file: undefined, other: undefined };
  const kind = kinds[typeOf(attributes)];
  return (
    <div>
      <dt>{title}</dt>
      <dd>{kind ?? (bytes === undefined ? say.unknown : size(bytes))}</dd>
      <dd>{mtime === undefined ? say.unknown : date(mtime)}</dd>
    </div>
  );
}
