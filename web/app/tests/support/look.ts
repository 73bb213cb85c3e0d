/**
 * Finds things by role and name as Playwright does, for browsers whose own search by accessibility is slow: WebDriver asks
 * Firefox for the name of every element. It runs in the page, and waits there for changes.
 */

import type { Role } from "./person.ts";

export interface Wanted {
  /** `field` is anything with a label that takes text; `text` is anything that is to be read. */
  readonly role: Role | "field" | "text";
  /** The whole name; of a text, a part. */
  readonly name?: string | undefined;
  /** Or its source and flags. */
  readonly pattern?: readonly [source: string, flags: string];
  readonly for: "see" | "miss" | "click" | "fill";
  readonly text?: string;
  readonly milliseconds: number;
}

/** Where to click. */
export interface Looked {
  readonly x: number;
  readonly y: number;
}

/** Given to the page as its text: everything it uses is inside. `undefined` after the time. */
export async function lookFor(wanted: Wanted): Promise<Looked | undefined> {
  const text = ":not([type]), [type=text], [type=email], [type=url], [type=tel]";
  /** Elements that have a role without saying so. */
  const own: Partial<Record<Wanted["role"], string>> = {
    button: "button, input:is([type=button], [type=file], [type=submit])",
    checkbox: "input[type=checkbox]",
    combobox: "select",
    dialog: "dialog[open]",
    field: "input, textarea, select",
    heading: "h1, h2, h3, h4, h5, h6",
    link: "a[href]",
    listitem: "li",
    progressbar: "progress",
    radio: "input[type=radio]",
    row: "tr",
    searchbox: "input[type=search]",
    status: "output",
    textbox: `textarea, input:is(${text})`,
  };
  const byElement = own[wanted.role];
  const selector = `[role="${wanted.role}"]${byElement ? `, :is(${byElement}):not([role])` : ""}`;
  const isShown = (it: Element) => it.checkVisibility({ visibilityProperty: true });
  const tidy = (name: string) => name.replace(/\s+/g, " ").trim();

  const contentOf = (node: Node): string => {
    if (node instanceof Text) return node.data;
    if (!(node instanceof Element) || node.ariaHidden === "true" || !isShown(node)) return "";
    const said = node.ariaLabel ?? node.getAttribute("alt");
    if (said !== null) return said;
    const inside = [...node.childNodes].map(contentOf).join("");
    return getComputedStyle(node).display.startsWith("inline") ? inside : ` ${inside} `;
  };
  const nameOf = (it: Element): string => {
    const ids = it.getAttribute("aria-labelledby")?.split(" ") ?? [];
    const naming = ids.map((id) => document.getElementById(id));
    const labels = [...((it as HTMLInputElement).labels ?? [])];
    const byOthers = (elements: readonly (Element | null)[]) =>
      tidy(elements.map((one) => (one ? contentOf(one) : "")).join(" "));
    return (
      byOthers(naming) ||
      it.ariaLabel ||
      byOthers(labels) ||
      tidy(contentOf(it)) ||
      tidy(it.getAttribute("title") ?? "")
    );
  };
  const pattern = wanted.pattern && new RegExp(...wanted.pattern);
  const fits = (it: Element) => {
    if (!isShown(it)) return false;
    if (pattern) return pattern.test(nameOf(it));
    return wanted.name === undefined || nameOf(it) === tidy(wanted.name);
  };
  const reads = () => {
    const shown = document.body.textContent ?? "";
    return pattern ? pattern.test(shown) : shown.includes(wanted.name ?? "");
  };
  const find = () => {
    if (wanted.role === "text") return reads() ? document.body : undefined;
    return [...document.querySelectorAll(selector)].find(fits);
  };

  /** It is at rest, in sight, and nothing is before it. */
  const spotOn = async (it: Element): Promise<Looked | undefined> => {
    it.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    const before = it.getBoundingClientRect();
    await new Promise(requestAnimationFrame);
    const { x, y, width, height } = it.getBoundingClientRect();
    if (x !== before.x || y !== before.y) return undefined;
    const spot = { x: x + width / 2, y: y + height / 2 };
    const hit = document.elementFromPoint(spot.x, spot.y);
    return it.contains(hit) || hit?.closest("label")?.control === it ? spot : undefined;
  };
  const write = (it: Element): Looked => {
    const field = it as HTMLInputElement;
    field.focus();
    field.select();
    document.execCommand(wanted.text ? "insertText" : "delete", false, wanted.text);
    return { x: 0, y: 0 };
  };
  const attempt = async (): Promise<Looked | undefined> => {
    const found = find();
    if (wanted.for === "miss") return found ? undefined : { x: 0, y: 0 };
    if (!found) return undefined;
    if (wanted.for === "click") return spotOn(found);
    if (wanted.for === "fill") return (found as HTMLInputElement).disabled ? undefined : write(found);
    return { x: 0, y: 0 };
  };

  for (const end = performance.now() + wanted.milliseconds; performance.now() < end; ) {
    const done = await attempt();
    if (done) return done;
    // What changes by styles alone, or by time, changes no element: so not for long.
    await new Promise<void>((resolve) => {
      const observer = new MutationObserver(() => resolve());
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      setTimeout(() => {
        observer.disconnect();
        resolve();
      }, 100);
    });
  }
  return undefined;
}
