/** The way in. */

import { ArrowRight, Languages } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import type { VisibleUpstream } from "sftpbridge-client";
import { type Info, signInUrl } from "../session/info.ts";
import { takeKept } from "../session/kept.ts";
import mark from "../style/icon.svg";
import { visible } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { openMenu } from "../ui/menu.tsx";
import { useSecondsUntil } from "../ui/seconds.ts";
import type { Conversation } from "./conversation.ts";
import { Panel, send, unavailable } from "./panel.tsx";
import { preferences } from "./preferences.ts";
import type { Refusal } from "./refusal.ts";
import { leaveForSignIn, takeReturn } from "./sign-in.ts";
import { RefusalText } from "./told.tsx";
import { waysOf } from "./ways.ts";
import { words } from "./words.ts";
import "./login.css";

interface LoginProps {
  readonly info: Info;
  readonly conversation: Conversation;
  /** The server that the address of the page names; nothing for the default one. */
  readonly wanted: string | undefined;
  /** Puts another one there. */
  readonly choose: (upstream: string) => void;
}

export function Login({ info, conversation, wanted, choose }: LoginProps) {
  const found = info.upstreams.find(({ name }) => name === (wanted ?? info.default_upstream));
  const upstream = found ?? info.upstreams[0];
  useEffect(() => {
    const kept = takeKept();
    if (kept) void conversation.resume(kept);
    else if (takeReturn() && upstream?.methods.includes("external"))
      void conversation.send(upstream.name, { method: "external" });
  }, []);
  return (
    <main class="login">
      <div class="card">
        <h1>
          <img src={mark} alt="" width={28} height={28} />
          <bdi>{info.title}</bdi>
        </h1>
        <div class="leaf">
          {conversation.asked.value.kind === "resuming" ? (
            <Resuming conversation={conversation} refusal={conversation.asked.value.refusal} />
          ) : (
            <>
              {wanted !== undefined && !found && <p class="hint">{words().noServer(visible(wanted))}</p>}
              {upstream && (
                <WayIn
                  key={upstream.name}
                  info={info}
                  conversation={conversation}
                  upstream={upstream}
                  choose={choose}
                />
              )}
            </>
          )}
        </div>
      </div>
      <footer>
        <Button
          look="quiet"
          icon={Languages}
          aria-haspopup="menu"
          onClick={(event) => openMenu(preferences(), event.currentTarget)}
        >
          {words().preferences}
        </Button>
      </footer>
    </main>
  );
}

interface WayInProps extends Omit<LoginProps, "wanted"> {
  readonly upstream: VisibleUpstream;
}

function WayIn({ info, conversation, upstream, choose }: WayInProps) {
  const form = useRef<HTMLFormElement>(null);
  const { methods, name } = upstream;
  const asked = conversation.asked.value;
  const isFirst = asked.kind === "credentials" && conversation.fixedUser.value === undefined;
  const isForm = waysOf(methods).length > 0 || asked.kind === "questions";
  const isSignOn = methods.includes("external") || (methods.includes("oidc") && info.sign_in !== undefined);
  return (
    <form
      ref={form}
      aria-busy={conversation.isBusy.value}
      onSubmit={(event) => {
        event.preventDefault();
        send(event.currentTarget, conversation, name);
      }}
    >
      {isFirst && <Servers info={info} current={name} choose={choose} />}
      {isFirst && <SignOn info={info} conversation={conversation} upstream={upstream} />}
      {isFirst && isForm && isSignOn && <p class="or">{words().or}</p>}
      {!isForm && !isSignOn && <p>{words().nothing}</p>}
      <Panel conversation={conversation} methods={methods} />
      {isForm ? (
        <Buttons conversation={conversation} />
      ) : (
        conversation.isBusy.value && <Cancel conversation={conversation} />
      )}
    </form>
  );
}

function Servers({
  info,
  current,
  choose,
}: Pick<LoginProps, "info" | "choose"> & { readonly current: string }) {
  if (info.upstreams.length < 2) return null;
  return (
    <label class="field">
      {words().server}
      <select value={current} onChange={(event) => choose(event.currentTarget.value)}>
        {info.upstreams.map(({ name, title }) => (
          <option key={name} value={name}>
            {visible(title || name)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** By what the browser has proved already, or can prove elsewhere. */
function SignOn({ info, conversation, upstream }: Omit<WayInProps, "choose">) {
  const { methods, name } = upstream;
  if (methods.includes("external"))
    return (
      <Button
        look="primary"
        icon={ArrowRight}
        aria-busy={conversation.isBusy.value}
        onClick={() => conversation.send(name, { method: "external" })}
      >
        {info.user ? words().proceedAs(visible(info.user)) : words().proceed}
      </Button>
    );
  if (!methods.includes("oidc") || !info.sign_in) return null;
  return (
    <a class="button primary" href={signInUrl(info.sign_in.url)} onClick={leaveForSignIn}>
      {words().signIn(visible(info.sign_in.name))}
    </a>
  );
}

/** The button that sends the form, and while that is under way one that stops it. */
export function Buttons({ conversation }: { readonly conversation: Conversation }) {
  const asked = conversation.asked.value;
  const seconds = useSecondsUntil("refusal" in asked ? asked.refusal?.until : 0);
  const isBusy = conversation.isBusy.value;
  const isQuestion = asked.kind === "questions";
  return (
    <div class="buttons">
      <Button
        type="submit"
        look="primary"
        aria-busy={isBusy}
        unavailable={unavailable(conversation, seconds)}
      >
        {isBusy ? words().connecting : isQuestion ? words().answer : words().logIn}
      </Button>
      {(isBusy || isQuestion) && !conversation.isNeeded.value && <Cancel conversation={conversation} />}
    </div>
  );
}

const Cancel = ({ conversation }: Pick<LoginProps, "conversation">) => (
  <Button look="quiet" onClick={() => conversation.cancel()}>
    {words().cancel}
  </Button>
);

/** While the login of before a reload is taken up. */
function Resuming({
  conversation,
  refusal,
}: Pick<LoginProps, "conversation"> & { readonly refusal: Refusal | undefined }) {
  const again = () => {
    const kept = takeKept();
    if (kept) void conversation.resume(kept);
    else conversation.cancel();
  };
  if (!refusal)
    return (
      <>
        <p role="status">{words().resuming}</p>
        <Cancel conversation={conversation} />
      </>
    );
  return (
    <>
      <div role="alert">
        <RefusalText refusal={refusal} />
      </div>
      <div class="buttons">
        <Button look="primary" onClick={again}>
          {words().again}
        </Button>
        <Button look="quiet" onClick={() => conversation.cancel()}>
          {words().anew}
        </Button>
      </div>
    </>
  );
}
