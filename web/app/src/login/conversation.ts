/**
 * The login as the person has it: what they are asked, and where their answers go. One for each session, since a connection
 * that was lost may need another login: then it is asked for over the page, and everything in the page goes on afterwards.
 *
 * The bridge gives a person little time while a connection is open. So the first one is opened when the form is sent, and
 * a form that was left lying opens another.
 */

import { batch, computed, effect, signal } from "@preact/signals";
import {
  type Auth,
  ConnectionError,
  type Failure,
  type LoginStep,
  type Method,
  type Prompt,
  type Resumption,
} from "sftpbridge-client";
import { keep } from "../session/kept.ts";
import { connectionState, holdWayBack, logIn, session, tryNow } from "../session/session.ts";
import { type Refusal, refusalBy, refusalOf } from "./refusal.ts";
import { type Remembered, remember, remembered } from "./remembered.ts";
import { WAYS } from "./ways.ts";

/** What the person is asked now. */
export type Asked =
  /** `methods`: what the server takes, where a try has shown it; after a proof that was right and not enough, what it wants beside it. */
  | {
      readonly kind: "credentials";
      readonly refusal?: Refusal | undefined;
      readonly methods?: readonly Method[] | undefined;
    }
  | { readonly kind: "questions"; readonly prompt: Prompt }
  /** Nothing, while a login of before the reload is taken up; with a refusal, whether to try that again. */
  | { readonly kind: "resuming"; readonly refusal?: Refusal | undefined };

/**
 * Milliseconds that a connection waits for a person who has to log in again: for the form, and for what they are asked then.
 * Together less than the bridge's patience of 30 s, whose end would be that of the session. The next connection goes on.
 */
const PATIENCE = { form: 3_000, questions: 20_000 };

const NEEDS_LOGIN = new ConnectionError("waits for the person to log in");

export class Conversation {
  readonly asked = signal<Asked>({ kind: "credentials" });
  readonly isBusy = signal(false);
  /** What bridge and server say to whoever logs in. Hostile. */
  readonly banner = signal("");
  /** Whether the session waits for another login. */
  readonly isNeeded = signal(false);
  /** The login after which only the rest is missing: who it is stays. */
  readonly fixedUser = computed(() => {
    const asked = this.asked.value;
    if (this.isNeeded.value) return session.value?.user;
    return isPartial(asked) ? this.#user : undefined;
  });
  upstream = "";
  /** The person is asked over the page. */
  onneeded: (() => void) | undefined;
  #user = "";
  /** What the form begins with. */
  last: Remembered = remembered();
  /** What a lost connection may log in with again without asking. Passwords are not kept. */
  #silent: Auth | undefined;
  /** What was sent before anybody asked. */
  #sent: Auth | undefined;
  #reply: ((answer: never) => void) | undefined;
  #attempt = new AbortController();

  constructor() {
    // After a login in between, too.
    effect(() => {
      if (!session.value || connectionState.value === "ready") this.#rest();
    });
  }

  /** What the form has. On the connection that waits for it, or on a new one. */
  async send(upstream: string, auth: Auth): Promise<void> {
    if (this.isBusy.value) return;
    this.isBusy.value = true;
    this.last = { ...this.last, ...rememberable(auth) };
    if (this.#reply && upstream === this.upstream) return this.#give(auth as never);
    this.#sent = auth;
    if (this.isNeeded.value) return tryNow();
    await this.#connect(upstream);
  }

  /** To the questions of the server. */
  answer(answers: readonly string[]): void {
    if (this.isBusy.value) return;
    this.isBusy.value = true;
    this.#give(answers as never);
  }

  /** Takes up the login of before a reload. */
  async resume(kept: Resumption): Promise<void> {
    this.asked.value = { kind: "resuming" };
    this.isBusy.value = true;
    this.#sent = { method: "resume", token: kept.token, user: kept.user };
    holdWayBack({ resumption: kept });
    await this.#connect(kept.upstream);
    // Where the bridge was not reached the token is still good.
    if (this.asked.value.kind === "resuming") keep(kept);
  }

  /** Gives up connecting, and the questions. */
  cancel(): void {
    this.#attempt.abort();
    this.#reply = this.#sent = undefined;
    holdWayBack(undefined);
    batch(() => {
      this.isBusy.value = false;
      this.asked.value = { kind: "credentials" };
    });
  }

  async #connect(upstream: string): Promise<void> {
    this.#attempt.abort();
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    this.upstream = upstream;
    this.banner.value = "";
    try {
      await logIn(
        upstream,
        {
          auth: (step) => this.#ask(step),
          prompt: (prompt, stop) => this.#question(prompt, stop),
          banner: (text) => this.#say(text),
          signal,
          // The page is there as long as the person wants it.
          reconnect: { giveUp: Number.POSITIVE_INFINITY },
        },
        () => this.#user,
      );
      remember(this.last);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** Nothing is asked. */
  #rest(): void {
    this.#sent = undefined;
    batch(() => {
      this.isBusy.value = false;
      this.isNeeded.value = false;
      this.asked.value = { kind: "credentials" };
    });
  }

  #fail(error: unknown): void {
    const refusal = refusalOf(error);
    const { kind } = this.asked.value;
    this.#reply = this.#sent = undefined;
    batch(() => {
      // Nobody needs to hear that a form was left lying: it is sent on another connection.
      const isIdle = refusal.code === "timeout" && !this.isBusy.value && kind === "credentials";
      this.isBusy.value = false;
      if (isIdle && !isPartial(this.asked.value)) return;
      this.asked.value = { kind: kind === "resuming" ? kind : "credentials", refusal };
    });
  }

  #say(text: string): void {
    this.banner.value = this.banner.value ? `${this.banner.value}\n${text}` : text;
  }

  async #ask({ hello, failure, signal }: LoginStep): Promise<Auth | undefined> {
    if (hello.banner && !this.banner.value) this.#say(hello.banner);
    const auth = this.#take() ?? this.#alone(failure) ?? (await this.#form(failure, signal));
    this.#silent = /^(publickey|external)$/.test(auth.method) ? auth : undefined;
    this.#user = "user" in auth ? (auth.user ?? this.#user) : (hello.user ?? this.#user);
    return auth;
  }

  /** Once. */
  #take(): Auth | undefined {
    const auth = this.#sent;
    this.#sent = undefined;
    return auth;
  }

  /** After a lost connection: what needs nobody, once. */
  #alone(failure: Failure | undefined): Auth | undefined {
    const isDue = session.value && failure?.code === "resume-refused" && !this.isNeeded.value;
    return isDue ? this.#silent : undefined;
  }

  /** Until the form is sent. */
  async #form(failure: Failure | undefined, signal: AbortSignal): Promise<Auth> {
    const isAgain = session.value !== undefined;
    // A token that was tried is none any more.
    holdWayBack(undefined);
    // Again, the time to wait is over by the time that somebody is asked.
    const refusal = failure && { ...refusalBy(failure), ...(isAgain && { until: undefined }) };
    // What the dialog is there for need not be told in it.
    const isTold = isAgain && failure?.code === "resume-refused";
    batch(() => {
      this.isBusy.value = false;
      this.asked.value = {
        kind: "credentials",
        refusal: isTold ? undefined : refusal,
        methods: /^(partial|method-unavailable)$/.test(failure?.code ?? "") ? failure?.methods : undefined,
      };
      if (isAgain && !this.isNeeded.value) {
        this.isNeeded.value = true;
        this.banner.value = "";
        this.onneeded?.();
      }
    });
    return this.#wait<Auth>(signal, failure?.code === "partial" ? PATIENCE.questions : PATIENCE.form);
  }

  async #question(prompt: Prompt, signal: AbortSignal): Promise<readonly string[]> {
    batch(() => {
      this.isBusy.value = false;
      this.asked.value = { kind: "questions", prompt };
    });
    return this.#wait<readonly string[]>(signal, PATIENCE.questions);
  }

  /** At the first login for as long as the bridge waits. */
  #wait<Answer>(signal: AbortSignal, patience: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const reply = (answer: Answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      const giveUp = (reason: unknown) => {
        if (this.#reply === reply) this.#reply = undefined;
        reject(reason);
      };
      const timer = session.value && setTimeout(giveUp, patience, NEEDS_LOGIN);
      signal.addEventListener("abort", () => giveUp(signal.reason), { once: true });
      this.#reply = reply;
    });
  }

  #give(answer: never): void {
    const reply = this.#reply;
    this.#reply = undefined;
    reply?.(answer);
  }
}

const isPartial = (asked: Asked): boolean =>
  asked.kind === "credentials" && asked.refusal?.code === "partial";

/** Of a login by the form. */
function rememberable(auth: Auth): Partial<Remembered> {
  const way = WAYS.find((it) => it === auth.method);
  if (!way || !("user" in auth)) return {};
  const { user = "" } = auth;
  return "key" in auth && "name" in auth.key ? { user, way, key: String(auth.key.name) } : { user, way };
}
