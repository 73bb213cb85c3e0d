/** A person with Firefox ESR: headless, of the system, driven by Puppeteer over WebDriver BiDi. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser, type BrowserContext, type KeyInput, type Page } from "puppeteer-core";
import { installed } from "../../../client/tests/support/browser.ts";
import { type Looked, lookFor, type Wanted } from "./look.ts";
import { type Click, type Name, PATIENCE, Person, type Role } from "./person.ts";

/** Where Firefox saves files: one folder for all tests of a worker, and gone at the end. */
export const DOWNLOADS = mkdtempSync(join(tmpdir(), "sftpbridge-downloads-"));
process.once("exit", () => rmSync(DOWNLOADS, { recursive: true, force: true }));
/** Milliseconds that the page itself waits, before it is asked anew: it may be another page by then. */
const TURN = 2_000;

let browser: Promise<Browser> | undefined;

/** One process for all tests of a worker; it ends with the worker. */
const running = () => {
  browser ??= puppeteer.launch({
    browser: "firefox",
    executablePath: installed("/usr/bin/firefox-esr", "firefox-esr"),
    headless: true,
    extraPrefsFirefox: {
      "intl.accept_languages": "en-GB",
      "ui.prefersReducedMotion": 1,
      "browser.download.folderList": 2,
      "browser.download.dir": DOWNLOADS,
      "browser.download.always_ask_before_handling_new_types": false,
    },
  });
  return browser;
};

export class FirefoxPerson extends Person {
  readonly page: Page;
  readonly context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    super();
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.problems.push(`uncaught: ${String(error)}`));
    page.on("console", (message) => {
      if (message.type() === "error") this.problems.push(`console: ${message.text()}`);
    });
  }

  static async start(): Promise<FirefoxPerson> {
    const context = await (await running()).createBrowserContext();
    return new FirefoxPerson(context, await context.newPage());
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
  }

  async reload(): Promise<void> {
    await this.page.reload();
  }

  async click(role: Role, name?: Name, { button = "left", count = 1, held = [] }: Click = {}): Promise<void> {
    const { x, y } = await this.#look({ role, name, for: "click" });
    for (const key of held) await this.page.keyboard.down(key);
    await this.page.mouse.click(x, y, { button, count });
    for (const key of held) await this.page.keyboard.up(key);
  }

  async fill(label: Name, text: string): Promise<void> {
    await this.#look({ role: "field", name: label, for: "fill", text });
  }

  async press(keys: string): Promise<void> {
    const all = keys.split("+") as KeyInput[];
    for (const key of all.slice(0, -1)) await this.page.keyboard.down(key);
    await this.page.keyboard.press(all.at(-1) ?? "Enter");
    for (const key of all.slice(0, -1).reverse()) await this.page.keyboard.up(key);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  async sees(role: Role, name?: Name): Promise<void> {
    await this.#look({ role, name, for: "see" });
  }

  async misses(role: Role, name?: Name): Promise<void> {
    await this.#look({ role, name, for: "miss" });
  }

  async reads(text: Name): Promise<void> {
    await this.#look({ role: "text", name: text, for: "see" });
  }

  async picks(files: readonly string[], role: Role, name: Name): Promise<void> {
    const [chooser] = await Promise.all([this.page.waitForFileChooser(), this.click(role, name)]);
    await chooser.accept([...files]);
  }

  evaluate<Result, Argument>(
    script: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result> {
    return this.page.evaluate(script as never, argument as never);
  }

  async close(): Promise<void> {
    await this.context.close();
  }

  async #look({
    name,
    ...wanted
  }: Omit<Wanted, "pattern" | "name" | "milliseconds"> & { name?: Name | undefined }): Promise<Looked> {
    const named = name instanceof RegExp ? { pattern: [name.source, name.flags] as const } : { name };
    const what = { ...wanted, ...named, milliseconds: TURN };
    let last: unknown = "it is not there";
    for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
      // A page that is left while it looks is no answer.
      const found = await this.page.evaluate(lookFor, what).catch((error: unknown) => {
        last = error;
        return undefined;
      });
      if (found) return found;
    }
    const shown = await this.page
      .evaluate(() => (document.body.textContent ?? "").slice(0, 1000))
      .catch(String);
    throw new Error(
      `waited ${PATIENCE} ms to ${wanted.for} ${wanted.role} ${name}: ${last}; the page has:\n${shown}`,
    );
  }
}
