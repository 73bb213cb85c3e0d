/** Headless Firefox ESR of the system, driven by Puppeteer over WebDriver BiDi, with a profile that ends with it. */

import puppeteer, { type Browser, type BrowserContext, type Page } from "puppeteer-core";
import { callIn, installed, isReady, type TestBrowser, type TestPage } from "./browser.ts";

export class FirefoxPage implements TestPage {
  readonly problems: string[] = [];
  readonly page: Page;
  readonly #context: BrowserContext;

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on("pageerror", (error) => this.problems.push(`uncaught: ${String(error)}`));
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

export class Firefox implements TestBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<Firefox> {
    const executablePath = installed("/usr/bin/firefox-esr", "firefox-esr");
    return new Firefox(await puppeteer.launch({ browser: "firefox", executablePath, headless: true }));
  }

  async open(url: string): Promise<FirefoxPage> {
    const context = await this.#browser.createBrowserContext();
    const opened = new FirefoxPage(context, await context.newPage());
    await opened.page.goto(url);
    await opened.page.waitForFunction(isReady);
    return opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
