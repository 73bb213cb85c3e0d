/**
 * What a person does with the page, by the names that they see: the same in Chromium (Playwright) and Firefox (Puppeteer).
 * Whatever is waited for is waited for 15 seconds.
 */

import { testUser } from "../../../client/tests/support/user.ts";
import type { Site } from "./site.ts";

/** ARIA roles that the page has. */
export type Role =
  | "alert"
  | "alertdialog"
  | "button"
  | "checkbox"
  | "combobox"
  | "dialog"
  | "grid"
  | "heading"
  | "link"
  | "listitem"
  | "menuitem"
  | "menuitemcheckbox"
  | "progressbar"
  | "radio"
  | "row"
  | "searchbox"
  | "status"
  | "tab"
  | "textbox";

export interface Click {
  readonly button?: "left" | "right";
  readonly count?: number;
  /** Keys that are held. */
  readonly held?: readonly ("Control" | "Shift")[];
}

export const PATIENCE = 15_000;

/** Names are whole ones, or a pattern; without one, any. */
export type Name = string | RegExp;

export abstract class Person implements AsyncDisposable {
  /** Errors that nobody caught, on the console, and violations of the policy. */
  readonly problems: string[] = [];

  abstract open(url: string): Promise<void>;
  /** Loads the page again. */
  abstract reload(): Promise<void>;
  abstract click(role: Role, name?: Name, click?: Click): Promise<void>;
  /** Replaces the text of a field. */
  abstract fill(label: Name, text: string): Promise<void>;
  /** To what has the focus: `Control+a`. */
  abstract press(keys: string): Promise<void>;
  /** Letter by letter, to what has the focus. */
  abstract type(text: string): Promise<void>;
  /** Waits until it is there. */
  abstract sees(role: Role, name?: Name): Promise<void>;
  /** Waits until it is not there. */
  abstract misses(role: Role, name?: Name): Promise<void>;
  /** Waits until the page has this text somewhere. */
  abstract reads(text: Name): Promise<void>;
  /** Presses something that opens a file dialog, and picks these. */
  abstract picks(files: readonly string[], role: Role, name: Name): Promise<void>;
  abstract evaluate<Result, Argument>(
    script: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
  abstract close(): Promise<void>;

  /** Everything that the page has kept in the browser, and its address. */
  traces(): Promise<string> {
    return this.evaluate(async () => {
      const read = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const databases: unknown[] = [];
      for (const { name = "" } of await indexedDB.databases()) {
        const database = await read(indexedDB.open(name));
        for (const store of database.objectStoreNames)
          databases.push(name, store, await read(database.transaction(store).objectStore(store).getAll()));
        database.close();
      }
      const storages = { ...localStorage, session: { ...sessionStorage } };
      return JSON.stringify([location.href, document.cookie, history.state, storages, databases]);
    }, undefined);
  }

  /** From the address of the site to the list of a directory. */
  async logsIn(site: Pick<Site, "url">, path = ""): Promise<void> {
    const { name, password } = testUser();
    await this.open(`${site.url}#${path}`);
    await this.fill("User", name);
    await this.fill("Password", password);
    await this.click("button", "Log in");
    await this.sees("grid");
  }

  /** What a test ends with: no problem. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    if (this.problems.length) throw new Error(`the page has problems:\n${this.problems.join("\n")}`);
  }
}
