/** The page: the login, or the files. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { formatPlace, parsePlace } from "../files/place.ts";
import { Conversation } from "../login/conversation.ts";
import { Login } from "../login/login.tsx";
import { tellBanner } from "../login/told.tsx";
import { ConnectionBanner } from "../session/connection-banner.tsx";
import type { Info } from "../session/info.ts";
import { session } from "../session/session.ts";
import { words } from "../session/words.ts";
import { Dialogs } from "../ui/ask.tsx";
import { Menus } from "../ui/menu.tsx";
import { fail, Notices } from "../ui/notices.tsx";
import { Shell } from "./shell.tsx";

export function Page({ info }: { readonly info: Info }) {
  const conversation = useMemo(() => new Conversation(), []);
  const again = async () => {
    try {
      await (await import("../login/again.tsx")).logInAgain(info, conversation);
    } catch (error) {
      fail(words().notAsked, error);
    }
  };
  useEffect(() => {
    conversation.onneeded = again;
  });
  const { value: current } = session;
  useEffect(() => {
    if (current && conversation.banner.value) tellBanner(conversation.banner.value);
  }, [current, conversation]);
  return (
    <>
      {current ? (
        <Shell info={info} session={current}>
          <ConnectionBanner isLoginNeeded={conversation.isNeeded.value} logIn={again} />
          <Notices />
        </Shell>
      ) : (
        <>
          <LoginHere info={info} conversation={conversation} />
          <Notices />
        </>
      )}
      <Dialogs />
      <Menus />
    </>
  );
}

/** At the server that the address of the page names. */
function LoginHere({ info, conversation }: { readonly info: Info; readonly conversation: Conversation }) {
  const wanted = useSignal(parsePlace(location.hash).upstream);
  useEffect(() => {
    const look = () => {
      wanted.value = parsePlace(location.hash).upstream;
    };
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, [wanted]);
  const choose = (name: string) => {
    const upstream = name === info.default_upstream ? undefined : name;
    location.hash = formatPlace({ upstream, path: undefined });
  };
  return <Login info={info} conversation={conversation} wanted={wanted.value} choose={choose} />;
}
