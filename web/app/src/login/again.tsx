/** The login over the page, where a connection was lost for so long that there is no way back without one. */

import { effect } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Info } from "../session/info.ts";
import { logOut, session } from "../session/session.ts";
import { Button } from "../ui/button.tsx";
import { type Asking, ask, Dialog } from "../ui/dialog.tsx";
import type { Conversation } from "./conversation.ts";
import { Buttons } from "./login.tsx";
import { Panel, send } from "./panel.tsx";
import { words } from "./words.ts";

let isOpen = false;

/** Until there is a connection again, the person leaves it for later, or logs out. */
export async function logInAgain(info: Info, conversation: Conversation): Promise<void> {
  if (isOpen) return;
  isOpen = true;
  const stop = new AbortController();
  const off = effect(() => {
    if (!conversation.isNeeded.value) stop.abort();
  });
  const Content = ({ done }: Asking<never>) => <Again info={info} conversation={conversation} done={done} />;
  await ask(Content, stop.signal);
  off();
  isOpen = false;
}

interface AgainProps extends Asking<never> {
  readonly info: Info;
  readonly conversation: Conversation;
}

function Again({ info, conversation, done }: AgainProps) {
  const content = useRef<HTMLDivElement>(null);
  const upstream = session.value?.upstream ?? info.default_upstream;
  const methods = info.upstreams.find(({ name }) => name === upstream)?.methods ?? [];
  const submit = () => {
    const form = content.current?.closest("form");
    if (form) send(form, conversation, upstream);
  };
  return (
    <Dialog title={words().againTitle} onClose={done} onSubmit={submit}>
      <div ref={content} class="again">
        <p>{words().againText}</p>
        <Panel conversation={conversation} methods={methods} />
        <Buttons conversation={conversation} />
        <div class="buttons">
          <Button look="quiet" onClick={() => done()}>
            {words().later}
          </Button>
          <Button look="quiet" onClick={() => logOut()}>
            {words().logOut}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
