/** A session that is lost, taken up after a reload, or goes on elsewhere. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import "../../../client/tests/support/setup.ts";
import { connect } from "../../../client/src/index.ts";
import { until } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers, type Meeting } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import type { Person } from "../support/person.ts";
import { expectAccessibleInBothThemes } from "../support/screens.ts";
import { SlowPage } from "../support/slow-page.ts";

const { name: user, password } = testUser();

interface Kept {
  readonly token: string;
  readonly upstream: string;
  readonly user: string;
}

/** What the page would leave behind if it were left now. */
const leftBehind = (person: Person): Promise<Kept> =>
  person.evaluate(() => {
    dispatchEvent(new PageTransitionEvent("pagehide"));
    return JSON.parse(sessionStorage.getItem("resumption") ?? "null");
  }, undefined);

const logins = ({ site }: Meeting) => site().sshd.log.match(/Accepted \w+ for/g)?.length ?? 0;

const resume = (url: string, kept: Kept) =>
  connect(url, {
    auth: ({ failure }) => (failure ? undefined : { method: "resume", token: kept.token, user: kept.user }),
    reconnect: false,
  });

describe("a reload", () => {
  inBrowsers(["chromium", "firefox"], (meeting) => {
    const { browser, site, start } = meeting;
    test("the files are there again without another login; a token of before is worth nothing", async () => {
      const folder = site().folder();
      mkdirSync(join(folder, "photos"));
      await using person = await start();
      await person.logsIn(site(), folder);
      await person.sees("row", /photos/);
      const before = logins(meeting);
      const stolen = await leftBehind(person);
      expect(stolen.token).toMatch(/^[\w-]{43}$/);
      await person.reload();
      await person.sees("row", /photos/);
      expect(await person.evaluate(() => location.hash, undefined)).toBe(`#${folder}`);
      expect(logins(meeting)).toBe(before);
      // While the page runs there is no token to copy, and it is nowhere else.
      const traces = `${await person.traces()}${site().bridge.log}`;
      expect(traces).not.toContain(stolen.token);
      expect(await person.evaluate(() => sessionStorage.length, undefined)).toBe(0);
      await expect(resume(site().bridge.url, stolen)).rejects.toMatchObject({ code: "resume-refused" });

      // And once more, since the token was renewed.
      await person.reload();
      await person.sees("row", /photos/);
      expect(logins(meeting)).toBe(before);
    });

    test("nobody uses the token while the next page is on its way, which may be left, too", async () => {
      await using slow = await SlowPage.start(site().bridge.port);
      const folder = site().folder();
      mkdirSync(join(folder, "photos"));
      await using person = await start();
      await person.logsIn(slow, folder);
      await person.sees("row", /photos/);
      const before = logins(meeting);
      // Firefox closes the socket of a page that is still there; that page must not come back meanwhile.
      slow.delay = 1000;
      slow.seen.length = 0;
      await person.reload();
      await person.sees("row", /photos/);
      expect(slow.seen).toEqual(["page", "socket"]);

      // Loaded once more before the login of before is taken up.
      slow.isDeaf = true;
      await person.reload();
      await person.reads("Taking up where you were");
      slow.isDeaf = false;
      await person.reload();
      await person.sees("row", /photos/);
      expect(logins(meeting)).toBe(before);
    });

    if (browser !== "chromium") return;

    test("a session that is taken over says so, and does not fight", async () => {
      await using person = await start();
      await person.logsIn(site());
      const kept = await leftBehind(person);
      const other = await resume(site().bridge.url, kept);
      await person.reads("This session goes on in another window.");
      await expectAccessibleInBothThemes(person);
      expect(await other.realpath("/")).toBe("/");
      await person.click("button", "Log in here");
      await person.sees("button", "Log in");
      expect(await other.realpath("/")).toBe("/");
      await other.close();
    });
  });
});

describe("a lost network", () => {
  inBrowsers(
    ["chromium"],
    (meeting) => {
      const { site, start } = meeting;
      test("a word of it, and back without a login; then with one, over the page, where that is needed", async () => {
        const folder = site().folder();
        mkdirSync(join(folder, "photos"));
        await using person = (await start()) as ChromiumPerson;
        await person.logsIn(site(), folder);
        const { link } = site();
        if (!link) throw new Error("a link was asked for");
        const before = logins(meeting);
        // The parts of the page that come after the first list are not what is lost here.
        await person.page.waitForLoadState("networkidle");
        link.accepting = false;
        link.cut();
        await person.reads("The connection was lost.");
        await expectAccessibleInBothThemes(person);
        link.accepting = true;
        await person.click("button", "Try now");
        await person.reads("Connected again.");
        expect(logins(meeting)).toBe(before);

        // A bridge that was started anew knows of no token.
        const restarted = site().bridge.restart();
        await person.reads(/The service is being restarted; the connection ends in \d+\S+ at most/);
        await restarted;
        await person.sees("dialog", "Please log in again");
        await expectAccessibleInBothThemes(person);
        await person.fill("Password", "wrong");
        await person.press("Enter");
        await person.reads(/did not accept that/);
        await person.press("Escape");
        await person.reads("You have to log in again to go on.");
        await person.click("button", "Log in");
        await person.fill("Password", password);
        await person.press("Enter");
        await person.misses("dialog");
        await person.sees("row", /photos/);
        mkdirSync(join(folder, "later"));
        await person.press("Control+Alt+r");
        await person.sees("row", /later/);
        person.problems.splice(0, person.problems.length, ...person.problems.filter(isOurs));
      });

      test("a reload while nothing answers can be tried again, with the login of before", async () => {
        const folder = site().folder();
        mkdirSync(join(folder, "photos"));
        await using person = await ChromiumPerson.start();
        await person.logsIn(site(), folder);
        const before = logins(meeting);
        const { link } = site();
        if (!link) throw new Error("a link was asked for");
        await person.page.route("**/api/info", async (route) => {
          const response = await route.fetch();
          link.accepting = false;
          link.cut();
          await route.fulfill({ response });
        });
        await person.reload();
        await person.reads("There is no connection.");
        await expectAccessibleInBothThemes(person);
        link.accepting = true;
        await person.click("button", "Try again");
        await person.sees("row", /photos/);
        expect(logins(meeting)).toBe(before);
        person.problems.splice(0, person.problems.length, ...person.problems.filter(isOurs));
      });
    },
    { link: {} },
  );
});

describe("a start while nothing answers", () => {
  inBrowsers(["chromium"], ({ site }) => {
    test("says so, and goes on when somebody does", async () => {
      await using person = await ChromiumPerson.start();
      await person.page.route("**/api/info", (route) => route.fulfill({ status: 502, body: "" }));
      await person.open(site().url);
      await person.sees("heading", "The service cannot be reached.");
      await expectAccessibleInBothThemes(person);
      await person.page.unrouteAll();
      await person.click("button", "Try again");
      await person.sees("button", "Log in");
      expect(person.problems.splice(0).join()).toContain("502");
    });
  });
});

/** Browsers report on the console that a connection could not be made. */
const isOurs = (problem: string) =>
  !/WebSocket connection to|ERR_(CONNECTION|SOCKET)|can.t establish/.test(problem);

describe("a session that is not used", () => {
  inBrowsers(
    ["chromium"],
    ({ site, start }) => {
      test("is suspended until it is needed; where the tab is closed, the login is over in the time that the bridge has", async () => {
        const person = await start();
        await person.logsIn(site());
        await person.reads("Paused, because nothing was done for a while.");
        await expectAccessibleInBothThemes(person);
        await person.click("button", "Go on");
        await person.misses("button", "Go on");
        await person.close();
        const ends = new RegExp(`Disconnected from user ${user}|Connection closed by user ${user}`, "g");
        const wanted = site().sshd.log.match(/Accepted password/g)?.length;
        await until("sshd to see the end", () => site().sshd.log.match(ends)?.length === wanted);
        expect(person.problems).toEqual([]);
      });
    },
    { upstream: 'resume = "2s"', limits: 'idle = "3s"' },
  );
});

describe("a session that is about to be suspended", () => {
  inBrowsers(
    ["chromium"],
    ({ site, start }) => {
      test("says so with the seconds that are left, and stays where somebody does anything", async () => {
        await using person = await start();
        await person.logsIn(site());
        const told = await person.evaluate(async () => {
          const strip = document.querySelector(".connection");
          const change = async (was: string) => {
            while (strip?.textContent === was) await new Promise((done) => requestAnimationFrame(done));
            return strip?.textContent ?? "";
          };
          const soon = await change("");
          // Nobody is that quick.
          await new Promise((done) => setTimeout(done, 200));
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Shift", bubbles: true }));
          const then = await change(soon);
          // It would have been suspended by now.
          await new Promise((done) => setTimeout(done, 2500));
          return [soon, then, strip?.textContent];
        }, undefined);
        const text = "Nothing was done for a while. The connection is paused in 1s, unless you do something.";
        expect(told).toEqual([`${text}Stay connected`, "", ""]);
      });
    },
    // It is announced when a tenth is left.
    { limits: 'idle = "12s"' },
  );
});
