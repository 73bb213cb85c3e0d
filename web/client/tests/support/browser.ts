/** What tests need of a browser, whichever it is. */

import { accessSync, constants } from "node:fs";

export interface TestPage {
  /** Calls a function that the page's script put on `globalThis`. Arguments and result are JSON. */
  call(name: string, ...args: unknown[]): Promise<unknown>;
  /** Errors that nobody caught, on the console and from the CSP. */
  readonly problems: string[];
  close(): Promise<void>;
}

export interface TestBrowser extends AsyncDisposable {
  /** In a profile of its own; resolves when the page's script has run. */
  open(url: string): Promise<TestPage>;
}

export function installed(program: string, packageName: string): string {
  try {
    accessSync(program, constants.X_OK);
    return program;
  } catch {
    throw new Error(`${program} is missing; run: apt-get install -y --no-install-recommends ${packageName}`);
  }
}

/** Runs in the page. */
export const callIn = ({ name, args }: { name: string; args: unknown[] }): unknown =>
  (globalThis as unknown as Record<string, (...args: unknown[]) => unknown>)[name]?.(...args);

/** Runs in the page: whether its script has run. */
export const isReady = (): boolean => "ready" in globalThis;
