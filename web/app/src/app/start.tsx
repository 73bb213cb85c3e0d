/** Before the page: what it is about to be asked of the bridge, and what to do where that does not answer. */

import { useSignal } from "@preact/signals";
import { CloudOff } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { fetchInfo, type Info } from "../session/info.ts";
import { words } from "../session/words.ts";
import { visible } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { Page } from "./page.tsx";
import "./start.css";

export function Start() {
  const info = useSignal<Info | undefined>(undefined);
  const failure = useSignal("");
  const isBusy = useSignal(false);
  const load = async () => {
    if (isBusy.value || info.value) return;
    isBusy.value = true;
    try {
      info.value = await fetchInfo();
      document.title = visible(info.value.title);
    } catch (error) {
      failure.value = visible(error instanceof Error ? error.message : String(error));
    }
    isBusy.value = false;
  };
  useEffect(() => {
    void load();
    addEventListener("online", load);
    return () => removeEventListener("online", load);
  }, []);
  if (info.value) return <Page info={info.value} />;
  if (!failure.value) return <Loading />;
  return (
    <main class="start">
      <CloudOff size={40} aria-hidden="true" />
      <div role="alert">
        <h1>{words().noStart}</h1>
        <p>{words().noStartHint}</p>
        <small>{failure}</small>
      </div>
      <Button look="primary" aria-busy={isBusy.value} onClick={load}>
        {words().retry}
      </Button>
    </main>
  );
}

const Loading = () => (
  <main class="start waiting">
    <p role="status">{words().start}</p>
  </main>
);
