/** The keys of this browser: made, shown, copied and removed. */

import { useSignal } from "@preact/signals";
import { Copy, Trash2 } from "lucide-preact";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { KeyError, type StoredKey } from "sftpbridge-client/keys";
import { explain } from "../text/explain.ts";
import { visible } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { type Asking, ask, Dialog } from "../ui/dialog.tsx";
import { say } from "../ui/notices.tsx";
import { Field } from "./field.tsx";
import { createKey, isPossible, lineOf, lookForKeys, removeKey, ring } from "./key-ring.ts";
import { keyWords } from "./key-words.ts";

/** In plain words, for a KeyError by its code. */
const told = (error: unknown): string =>
  error instanceof KeyError ? keyWords()[error.code] : explain(error);

export function KeysDialog({ done }: Asking<never>) {
  const failure = useSignal("");
  const field = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isPossible()) return;
    lookForKeys().catch((error) => {
      failure.value = told(error);
    });
  }, [failure]);
  const attempt = async (work: () => Promise<void>) => {
    failure.value = "";
    try {
      await work();
    } catch (error) {
      failure.value = told(error);
    }
  };
  const create = () => {
    const input = field.current?.querySelector("input");
    const name = input?.value.trim();
    if (!input || !name) return input?.focus();
    // Pressed twice, the second finds that there is one of that name.
    input.value = "";
    void attempt(() => createKey(name));
  };
  const keys = ring.value ?? [];
  return (
    <Dialog
      title={keyWords().title}
      onClose={done}
      onSubmit={create}
      actions={<Button onClick={() => done()}>{keyWords().done}</Button>}
    >
      <p>{keyWords().what}</p>
      <p role="alert" class="problem">
        {failure.value}
      </p>
      {isPossible() ? (
        <>
          {ring.value?.length === 0 && <p class="hint">{keyWords().none}</p>}
          <ul class="keys">
            {keys.map((key) => (
              <KeyItem key={key.name} stored={key} remove={() => attempt(() => removeKey(key.name))} />
            ))}
          </ul>
          {keys.length > 0 && <p class="hint">{keyWords().use}</p>}
          <NewKey field={field} />
        </>
      ) : (
        <p>{keyWords().insecure}</p>
      )}
    </Dialog>
  );
}

/** In the dialog's form, which is sent by Enter, too. */
function NewKey({ field }: { readonly field: RefObject<HTMLDivElement> }) {
  return (
    <div ref={field} class="new-key">
      <Field
        label={keyWords().name}
        name="key-name"
        autocomplete="off"
        maxlength={60}
        defaultValue={ring.value?.length ? "" : keyWords().suggestion}
      />
      <Button look="primary" type="submit">
        {keyWords().create}
      </Button>
    </div>
  );
}

function KeyItem({ stored, remove }: { readonly stored: StoredKey; readonly remove: () => void }) {
  const name = visible(stored.name);
  const line = lineOf(stored);
  const area = useRef<HTMLTextAreaElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(line);
      say(keyWords().copied);
    } catch {
      area.current?.select();
      say(keyWords().notCopied);
    }
  };
  const askRemoval = async () => {
    const isSure = await ask<true>(({ done }) => (
      <Dialog
        title={<bdi>{keyWords().removeTitle(name)}</bdi>}
        onClose={done}
        actions={
          <>
            <Button onClick={() => done()}>{keyWords().cancel}</Button>
            <Button look="danger" onClick={() => done(true)}>
              {keyWords().removeDo}
            </Button>
          </>
        }
      >
        <p>{keyWords().removeText}</p>
      </Dialog>
    ));
    if (isSure === true) remove();
  };
  return (
    <li>
      <h3>
        <bdi>{name}</bdi>
      </h3>
      <textarea
        ref={area}
        readOnly
        rows={3}
        dir="ltr"
        spellcheck={false}
        aria-label={keyWords().line(name)}
        value={visible(line)}
        onFocus={(event) => event.currentTarget.select()}
      />
      <div class="actions">
        <Button icon={Copy} onClick={copy}>
          {keyWords().copy}
        </Button>
        <Button icon={Trash2} look="quiet" onClick={askRemoval}>
          {keyWords().remove}
        </Button>
      </div>
    </li>
  );
}
