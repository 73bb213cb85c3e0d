/** What becomes of the connection, where that is not simply well: beside what goes on there. */

import { useSignal } from "@preact/signals";
import { CircleAlert, LoaderCircle, Pause, Unplug } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ConnectionError } from "sftpbridge-client";
import { explain } from "../text/explain.ts";
import { Button } from "../ui/button.tsx";
import { say } from "../ui/notices.tsx";
import { useSecondsUntil } from "../ui/seconds.ts";
import { announced, connectionState, ended, leave, session, tryNow } from "./session.ts";
import { words } from "./words.ts";
import "./connection-banner.css";

/** Milliseconds after which a lost connection is worth a word: most come back at once. */
const WORTH_A_WORD = 700;

interface BannerProps {
  /** The person has to log in again, and has put it off. */
  readonly isLoginNeeded: boolean;
  readonly logIn: () => void;
}

export function ConnectionBanner({ isLoginNeeded, logIn }: BannerProps) {
  const isLost = useLostForLong();
  useGladTidings(isLost || isLoginNeeded);
  const state = connectionState.value;
  return (
    <div class="connection" role="status" aria-label={words().connection}>
      {state === "closed" && session.value && <Over />}
      {isLoginNeeded && state !== "closed" && (
        <Strip icon={<CircleAlert size={18} aria-hidden="true" />} text={words().needed}>
          <Button look="primary" onClick={logIn}>
            {words().logIn}
          </Button>
        </Strip>
      )}
      {isLost && !isLoginNeeded && <Lost />}
      {state === "suspended" && (
        <Strip icon={<Pause size={18} aria-hidden="true" />} text={words().suspended}>
          <Button onClick={tryNow}>{words().goOn}</Button>
        </Strip>
      )}
      {state === "ready" && <Announced />}
    </div>
  );
}

interface StripProps {
  readonly icon: ComponentChildren;
  readonly text: string;
  readonly children?: ComponentChildren;
}

const Strip = ({ icon, text, children }: StripProps) => (
  <div class="strip">
    {icon}
    <p>{text}</p>
    {children}
  </div>
);

function Lost() {
  const isOnline = useOnline();
  return (
    <Strip
      icon={<LoaderCircle class="turning" size={18} aria-hidden="true" />}
      text={isOnline ? words().lost : words().offline}
    >
      <Button onClick={tryNow}>{words().tryNow}</Button>
    </Strip>
  );
}

function Over() {
  const error = ended.value;
  const isElsewhere = error instanceof ConnectionError && /goes on elsewhere/.test(error.reason);
  const text = isElsewhere ? words().elsewhere : `${words().over} ${error ? explain(error) : ""}`;
  return (
    <Strip icon={<Unplug size={18} aria-hidden="true" />} text={text}>
      <Button look="primary" onClick={leave}>
        {isElsewhere ? words().here : words().again}
      </Button>
    </Strip>
  );
}

const ACTIVITY = ["pointerdown", "keydown"] as const;

/** A packet is what the bridge counts as use. */
function stay(): void {
  announced.value = undefined;
  tryNow();
}

/** What the bridge has announced, until it happens. */
function Announced() {
  const { kind, at } = announced.value ?? {};
  const seconds = useSecondsUntil(at);
  const isIdle = kind === "idle" && seconds > 0;
  useEffect(() => {
    if (!isIdle) return;
    // Whoever does anything is there: it need not be the button.
    for (const type of ACTIVITY) addEventListener(type, stay, true);
    return () => {
      for (const type of ACTIVITY) removeEventListener(type, stay, true);
    };
  }, [isIdle]);
  if (!seconds) return null;
  return (
    <Strip
      icon={<CircleAlert size={18} aria-hidden="true" />}
      text={kind === "idle" ? words().idle(seconds) : words().drain(seconds)}
    >
      {kind === "idle" && <Button onClick={stay}>{words().stay}</Button>}
    </Strip>
  );
}

/** Not of one that is back at once. */
function useLostForLong(): boolean {
  const isLong = useSignal(false);
  const isLost = connectionState.value === "reconnecting";
  useEffect(() => {
    isLong.value = false;
    if (!isLost) return;
    const timer = setTimeout(() => {
      isLong.value = true;
    }, WORTH_A_WORD);
    return () => clearTimeout(timer);
  }, [isLost, isLong]);
  return isLost && isLong.value;
}

/** Whoever was told of a lost connection is told that it is back. */
function useGladTidings(isTold: boolean): void {
  const wasTold = useRef(false);
  const isReady = connectionState.value === "ready";
  useEffect(() => {
    if (isTold) wasTold.current = true;
    if (!isReady || isTold || !wasTold.current) return;
    wasTold.current = false;
    say(words().back);
  }, [isTold, isReady]);
}

function useOnline(): boolean {
  const isOnline = useSignal(navigator.onLine);
  useEffect(() => {
    const look = () => {
      isOnline.value = navigator.onLine;
    };
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, [isOnline]);
  return isOnline.value;
}
