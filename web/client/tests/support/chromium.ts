/** Headless Chromium of the system, driven by Playwright. */

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { callIn, installed, isReady, type TestBrowser, type TestPage } from "./browser.ts";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export class ChromiumPage implements TestPage {
  readonly problems: string[] = [];
  readonly page: Page;
  readonly #context: BrowserContext;

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on("pageerror", (error) => this.problems.push(`uncaught: ${error.stack ?? error}`));
    page.on("console", (message) => {
      if (message.type() === "error") this.problems.push(`console: ${message.text()}`);
    });
  }

  call(name: string, ...args: unknown[]): Promise<unknown> {
    return this.page.evaluate(callIn, { name, args });
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

export class Chromium implements TestBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<Chromium> {
    const executablePath = installed("/usr/bin/chromium", "chromium");
    return new Chromium(await chromium.launch({ executablePath, args: ARGS }));
  }

  async open(url: string): Promise<ChromiumPage> {
    const context = await this.#browser.newContext({ acceptDownloads: true });
    const opened = new ChromiumPage(context, await context.newPage());
    await opened.page.goto(url);
    await opened.page.waitForFunction(isReady);
    return opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
