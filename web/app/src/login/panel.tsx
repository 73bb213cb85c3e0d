/** What the person is asked, within a form: of the login screen, or of the dialog over the page. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Auth, Method, Prompt } from "sftpbridge-client";
import { visible, visibleLines } from "../text/name.ts";
import { later } from "../ui/later.tsx";
import type { Conversation } from "./conversation.ts";
import { Field, SecretField } from "./field.tsx";
import { ring } from "./key-ring.ts";
import { Banner, RefusalText } from "./told.tsx";
import { type Way, waysOf } from "./ways.ts";
import { refusals, words } from "./words.ts";

const KeyChoice = later(async () => (await import("./key-choice.tsx")).KeyChoice);

interface PanelProps {
  readonly conversation: Conversation;
  /** How the server may be logged in to. */
  readonly methods: readonly Method[];
}

/** At Enter and at the button. */
export function send(form: HTMLFormElement, conversation: Conversation, upstream: string): void {
  const data = new FormData(form);
  const text = (name: string) => String(data.get(name) ?? "");
  const asked = conversation.asked.value;
  if (asked.kind === "questions") {
    conversation.answer(asked.prompt.prompts.map((_, index) => text(`answer-${index}`)));
    return;
  }
  const { until = 0 } = asked.refusal ?? {};
  const auth = authOf(text);
  if (auth && until <= Date.now()) void conversation.send(upstream, auth);
}

function authOf(text: (name: string) => string): Auth | undefined {
  const user = text("user");
  const way = text("way") as Way;
  if (way === "password") return { method: way, user, password: text("password") };
  if (way === "keyboard-interactive") return { method: way, user };
  const key = ring.value?.find(({ name }) => name === text("key"));
  return key && { method: way, user, key };
}

export function Panel({ conversation, methods }: PanelProps) {
  const asked = conversation.asked.value;
  const refusal = "refusal" in asked ? asked.refusal : undefined;
  const taken = asked.kind === "credentials" && asked.methods ? waysOf(asked.methods) : [];
  return (
    <>
      {conversation.banner.value && <Banner text={conversation.banner.value} />}
      {asked.kind === "questions" ? (
        <Questions key={asked.prompt.id} prompt={asked.prompt} isBusy={conversation.isBusy.value} />
      ) : (
        <Credentials conversation={conversation} ways={taken.length ? taken : waysOf(methods)} />
      )}
      <div role="alert">{refusal && <RefusalText refusal={refusal} />}</div>
    </>
  );
}

interface CredentialsProps {
  readonly conversation: Conversation;
  readonly ways: readonly Way[];
}

function Credentials({ conversation, ways }: CredentialsProps) {
  const before = conversation.last;
  const way = useSignal<Way>(before.way);
  const current = ways.includes(way.value) ? way.value : ways[0];
  const fixed = conversation.fixedUser.value;
  const isBusy = conversation.isBusy.value;
  const user = fixed ?? before.user;
  if (!current) return null;
  return (
    <>
      {ways.length > 1 ? (
        <Choice ways={ways} current={current} choose={(chosen) => (way.value = chosen)} />
      ) : (
        <input type="hidden" name="way" value={current} />
      )}
      <Field
        label={words().user}
        name="user"
        autocomplete="username"
        required
        maxlength={256}
        defaultValue={user}
        key={fixed}
        readOnly={isBusy || fixed !== undefined}
        isFirst={!user}
      />
      {current === "password" && <Password conversation={conversation} isFirst={user !== ""} />}
      {current === "publickey" && <KeyChoice preferred={before.key} />}
      {current === "keyboard-interactive" && <p class="hint">{words().questionsHint}</p>}
    </>
  );
}

const labelOf = (way: Way) =>
  ({
    password: words().password_,
    publickey: words().publickey,
    "keyboard-interactive": words().questions,
  })[way];

interface ChoiceProps {
  readonly ways: readonly Way[];
  readonly current: Way;
  readonly choose: (way: Way) => void;
}

function Choice({ ways, current, choose }: ChoiceProps) {
  return (
    <fieldset class="ways">
      <legend class="unseen">{words().ways}</legend>
      {ways.map((way) => (
        <label key={way}>
          <input type="radio" name="way" value={way} checked={way === current} onChange={() => choose(way)} />
          <span>{labelOf(way)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Password({
  conversation,
  isFirst,
}: {
  readonly conversation: Conversation;
  readonly isFirst: boolean;
}) {
  const place = useRef<HTMLDivElement>(null);
  const asked = conversation.asked.value;
  const refusal = asked.kind === "credentials" ? asked.refusal : undefined;
  useEffect(() => {
    const input = place.current?.querySelector("input");
    if (!input || !refusal) return;
    // It was wrong, so that it is typed again.
    if (/^(refused|too-many-attempts|partial)$/.test(refusal.code)) input.value = "";
    input.focus();
  }, [refusal]);
  return (
    <div ref={place}>
      <SecretField
        label={words().password}
        name="password"
        autocomplete="current-password"
        required
        readOnly={conversation.isBusy.value}
        isFirst={isFirst}
      />
    </div>
  );
}

function Questions({ prompt, isBusy }: { readonly prompt: Prompt; readonly isBusy: boolean }) {
  const { name, instruction, prompts } = prompt;
  return (
    <section class="questions" aria-label={words().serverAsks}>
      {name && (
        <h2>
          <bdi>{visible(name)}</bdi>
        </h2>
      )}
      {instruction && (
        <p class="lines">
          <bdi>{visibleLines(instruction)}</bdi>
        </p>
      )}
      {prompts.map(({ text, echo }, index) => {
        const Answer = echo ? Field : SecretField;
        return (
          <Answer
            key={index}
            label={<bdi>{visible(text.trim()) || words().answer}</bdi>}
            name={`answer-${index}`}
            autocomplete={/passw/i.test(text) ? "current-password" : "one-time-code"}
            readOnly={isBusy}
            isFirst={index === 0}
          />
        );
      })}
    </section>
  );
}

/** Whether there is something that can be sent now, and why not. */
export function unavailable(conversation: Conversation, seconds: number): string | undefined {
  if (conversation.isBusy.value) return words().connecting;
  if (seconds) return refusals().wait(seconds);
  return undefined;
}
