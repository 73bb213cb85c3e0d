/** A person with Chromium: headless, of the system, in English, with a profile of their own. */

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { installed } from "../../../client/tests/support/browser.ts";
import { type Click, type Name, PATIENCE, Person, type Role } from "./person.ts";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A name of this machine whose pages are not secure, as 127.0.0.1 and localhost are.
  "--host-resolver-rules=MAP files.test 127.0.0.1",
];

let browser: Promise<Browser> | undefined;

/** One process for all tests of a worker; it ends with the worker. */
const running = () => {
  browser ??= chromium.launch({ executablePath: installed("/usr/bin/chromium", "chromium"), args: ARGS });
  return browser;
};

const exactly = (name?: Name) => (name === undefined ? {} : { name, exact: true });

export class ChromiumPerson extends Person {
  readonly page: Page;
  readonly context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    super();
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.problems.push(`uncaught: ${error.stack ?? error}`));
    page.on("console", (message) => {
      if (message.type() === "error")
        this.problems.push(`console: ${message.text()} ${message.location().url}`);
    });
  }

  static async start(options: BrowserContextOptions = {}): Promise<ChromiumPerson> {
    const context = await (await running()).newContext({
      acceptDownloads: true,
      locale: "en-GB",
      // Colours on their way to others have no contrast to speak of.
      reducedMotion: "reduce",
      ...options,
    });
    return new ChromiumPerson(context, await context.newPage());
  }

  /** The same person in another tab of the same browser; it is gone with this one. */
  async inAnotherTab(): Promise<ChromiumPerson> {
    return new ChromiumPerson(this.context, await this.context.newPage());
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
  }

  async reload(): Promise<void> {
    await this.page.reload();
  }

  async click(role: Role, name?: Name, { button = "left", count = 1, held = [] }: Click = {}): Promise<void> {
    const modifiers = [...held];
    await this.page.getByRole(role, exactly(name)).first().click({ button, clickCount: count, modifiers });
  }

  async fill(label: Name, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).first().fill(text);
  }

  async press(keys: string): Promise<void> {
    await this.page.keyboard.press(keys);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  async sees(role: Role, name?: Name): Promise<void> {
    await this.page.getByRole(role, exactly(name)).first().waitFor();
  }

  async misses(role: Role, name?: Name): Promise<void> {
    await this.page.getByRole(role, exactly(name)).first().waitFor({ state: "hidden" });
  }

  async reads(text: Name): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  async picks(files: readonly string[], role: Role, name: Name): Promise<void> {
    const chooser = this.page.waitForEvent("filechooser");
    await this.click(role, name);
    await (await chooser).setFiles([...files]);
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
}
