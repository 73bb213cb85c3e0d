/** Overall progress in the title and the icon of the page, for who looks elsewhere meanwhile. */

import { effect } from "@preact/signals";
import full from "../style/icon.svg?url";
import { percent } from "../text/format.ts";
import quarter1 from "./icons/1.svg?url";
import quarter2 from "./icons/2.svg?url";
import quarter3 from "./icons/3.svg?url";
import quarter4 from "./icons/4.svg?url";
import type { Transfers } from "./transfers.ts";

/** As far as a quarter: the policy of the page has no room for icons that are drawn as they are needed. */
const ICONS = [quarter1, quarter2, quarter3, quarter4] as const;

/** Until the function that it returns is called. */
export function indicate(transfers: Transfers): () => void {
  // All are loaded now: one is wanted while the network is away, too.
  for (const icon of ICONS) new Image().src = icon;
  let prefix = "";
  const show = (part: number | undefined, active: boolean) => {
    const next = active ? `${part === undefined ? "…" : percent(part)} · ` : "";
    setTitle(prefix, next);
    prefix = next;
    setIcon(active ? (ICONS[Math.min(3, Math.floor((part ?? 0) * 4))] ?? full) : full);
  };
  const stop = effect(() => {
    void transfers.revision.value;
    const { part, active } = transfers.summary;
    show(part, active > 0);
  });
  return () => {
    stop();
    show(undefined, false);
  };
}

/** Others change the title, too: only what stands in front of it is ours. */
function setTitle(before: string, prefix: string): void {
  const { title } = document;
  const rest = title.startsWith(before) ? title.slice(before.length) : title;
  if (title !== prefix + rest) document.title = prefix + rest;
}

function setIcon(url: string): void {
  const link = document.querySelector("link[rel=icon]");
  if (link && link.getAttribute("href") !== url) link.setAttribute("href", url);
}
