/** The tests that Chromium and Firefox have in common. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cases } from "../cases/index.ts";
import type { TestBrowser, TestPage } from "../support/browser.ts";
import { Pages } from "../support/pages.ts";
import { Place } from "../support/place.ts";
import { largeFile } from "./large.ts";
import { keyCases } from "./pages/keys.ts";
import { remoteCases } from "./pages/remote.ts";

/** What the tests of one browser share; there from `beforeAll` on. */
export interface Shared<B extends TestBrowser> {
  pages: Pages;
  place: Place;
  browser: B;
}

/** Starts everything before the tests, and ends it behind them. */
export function share<B extends TestBrowser>(start: () => Promise<B>, scripts: readonly string[]): Shared<B> {
  const shared = {} as Shared<B>;
  beforeAll(async () => {
    shared.pages = await Pages.start(scripts);
    shared.place = await Place.start({ origins: [shared.pages.origin] });
    shared.browser = await start();
  });
  afterAll(async () => {
    for (const it of [shared.browser, shared.place, shared.pages]) await it?.[Symbol.asyncDispose]();
  });
  return shared;
}

/** A page that the tests of a `describe` use one after the other; what went wrong in it fails them. */
export function onePage<P extends TestPage>(open: () => Promise<P>): { page: P } {
  const held = {} as { page: P };
  beforeAll(async () => {
    held.page = await open();
  });
  afterAll(async () => {
    await held.page?.close();
    expect(held.page?.problems).toEqual([]);
  });
  return held;
}

export function runCases(shared: Shared<TestBrowser>): void {
  describe("cases", () => {
    const held = onePage(() => shared.browser.open(shared.pages.page(shared.place.bridge.url)));
    it.each(cases.map(({ name }) => name))(
      "%s",
      async (name) => {
        expect(await held.page.call("runCase", name, shared.place.env())).toBeFalsy();
        expect(held.page.problems.splice(0)).toEqual([]);
      },
      30_000,
    );
  });
}

export function runRemoteCases(shared: Shared<TestBrowser>): void {
  describe("a client in a worker", () => {
    const held = onePage(() => shared.browser.open(shared.pages.page(shared.place.bridge.url)));
    it.each(Object.keys(remoteCases))("%s", async (name) => {
      expect(await held.page.call("runRemoteCase", name, shared.place.env())).toBeFalsy();
      expect(held.page.problems.splice(0)).toEqual([]);
    });
  });
}

export function runKeyCases(shared: Shared<TestBrowser>): void {
  describe("keys", () => {
    const held = onePage(() => shared.browser.open(shared.pages.page(shared.place.bridge.url)));
    it.each(Object.keys(keyCases))("%s", async (name) => {
      expect(await held.page.call("runKeyCase", name)).toBeFalsy();
      expect(held.page.problems.splice(0)).toEqual([]);
    });
  });
}

interface Fetched {
  status: number;
  text: string;
  headers: Record<string, string>;
}

export function runFetches(shared: Shared<TestBrowser>): void {
  describe("files by the service worker", () => {
    const held = onePage(() => shared.browser.open(shared.pages.page(shared.place.bridge.url)));
    const get = async (...args: unknown[]) => (await held.page.call("fetchText", ...args)) as Fetched;

    it("ranges of a file of the server are answered, and nothing else is read", async () => {
      const env = shared.place.env();
      const { path } = await largeFile(env.folder, 300);
      const url = await held.page.call("offerFile", env, path, { name: "large" });
      const { status, text, headers } = await get(url, { Range: "bytes=200000000-200000009" });
      expect([status, text.length, headers["content-range"]]).toEqual([
        206,
        10,
        "bytes 200000000-200000009/314572800",
      ]);
      expect((await get(url, {}, "HEAD")).headers["content-length"]).toBe("314572800");
      expect((await get(url, { Range: "bytes=314572800-" })).status).toBe(416);
      expect(await held.page.call("pulled")).toBeLessThan(4_000_000);
    });

    it("an element that plays seeks, and reads only what it plays", async () => {
      const env = shared.place.env();
      const { path, seconds } = await largeFile(env.folder, 300, "wav");
      const before = (await held.page.call("pulled")) as number;
      const url = await held.page.call("offerFile", env, path, {
        name: "a.wav",
        type: "audio/wav",
        inline: true,
      });
      const played = (await held.page.call("playAt", url, seconds * 0.8)) as { duration: number };
      expect(played.duration).toBeCloseTo(seconds, 0);
      expect(((await held.page.call("pulled")) as number) - before).toBeLessThan(30_000_000);
    });

    it("HTML and SVG are never shown, and do not run", async () => {
      const script = "<script>top.document.title = 'it ran'</script>";
      for (const [text, type, name] of [
        [`<!doctype html>${script}`, "text/html", "page.html"],
        [`<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`, "image/svg+xml", "image.svg"],
        [`<!doctype html>${script}`, "text/plain", "text.txt"],
      ]) {
        const url = await held.page.call("offerText", text, { name, type, inline: true });
        await held.page.call("frame", url);
        const { headers } = await get(url);
        expect(headers["content-security-policy"]).toBe("sandbox; default-src 'none'");
        expect(
          headers["content-disposition"]?.startsWith(type === "text/plain" ? "inline" : "attachment"),
        ).toBe(true);
      }
      expect(await held.page.call("title")).toBe("sftpbridge-client tests");
      await held.page.call("problems");
    });

    it("what is revoked is not found", async () => {
      const url = await held.page.call("offerText", "text", { name: "x" });
      expect((await get(url)).text).toBe("text");
      await held.page.call("revokeAll");
      expect((await get(url)).status).toBe(404);
      held.page.problems.length = 0;
    });
  });
}
