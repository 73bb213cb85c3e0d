/** What is told of a login: why it was refused, and what others have to say. */

import { CircleAlert, Info } from "lucide-preact";
import { explain } from "../text/explain.ts";
import { visible, visibleLines } from "../text/name.ts";
import { fail, say } from "../ui/notices.tsx";
import { useSecondsUntil } from "../ui/seconds.ts";
import type { Refusal } from "./refusal.ts";
import { refusals, words } from "./words.ts";

/** The bridge's own sentence says more than ours, or is the only one. */
const DETAILED = /^(upstream-failed|internal|protocol|lost|other)$/;

export function RefusalText({ refusal }: { readonly refusal: Refusal }) {
  const { code, message, reference, until, error } = refusal;
  const seconds = useSecondsUntil(until);
  const all: Record<string, unknown> = refusals();
  const text = all[code];
  const says = typeof text === "string" ? text : refusals().unknown;
  const detail = message ? visible(message) : code === "other" ? explain(error) : "";
  const isGood = code === "partial";
  const Icon = isGood ? Info : CircleAlert;
  return (
    <div class={isGood ? "refusal good" : "refusal"}>
      <Icon size={18} aria-hidden="true" />
      <div>
        <p>{says}</p>
        {(DETAILED.test(code) || says === refusals().unknown) && detail && <p>{detail}</p>}
        {until !== undefined && (
          // Not read out each second.
          <p aria-live="off">{seconds ? refusals().wait(seconds) : refusals().now}</p>
        )}
        {reference && <small>{refusals().reference(visible(reference))}</small>}
      </div>
    </div>
  );
}

export function Banner({ text }: { readonly text: string }) {
  return (
    <section class="said" aria-label={words().serverSays}>
      <p>
        <bdi>{visibleLines(text)}</bdi>
      </p>
    </section>
  );
}

/** What the server said at a login that is over: told once, to be read by whoever wants to. */
export function tellBanner(text: string): void {
  const [first = ""] = visibleLines(text).trim().split("\n");
  const read = async () => {
    try {
      (await import("./said-dialog.tsx")).readBanner(text);
    } catch (error) {
      fail(`${words().serverSays}:`, error);
    }
  };
  say(`${words().serverSays}: ${first}`, { label: words().read, run: () => void read() });
}
