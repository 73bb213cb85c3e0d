/** The login conversation, against a real sshd. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { asking, typed } from "../../../client/tests/support/otp.ts";
import { until } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { expectAccessibleInBothThemes } from "../support/screens.ts";

const { name: user, password } = testUser();
const BOTH = ["chromium", "firefox"] as const;

/** What sshd's configuration refers to. */
const etc = mkdtempSync(join(tmpdir(), "sftpbridge-web-"));
chmodSync(etc, 0o755);
afterAll(() => rmSync(etc, { recursive: true }));
writeFileSync(join(etc, "authorized_keys"), "");
writeFileSync(join(etc, "banner"), "Authorised use only.\n<b>Really</b>\n");

describe("a password or a key", () => {
  inBrowsers(
    BOTH,
    ({ browser, site, start }) => {
      test("a wrong password, and then the right one on the same connection; nothing secret is left anywhere", async () => {
        const folder = site().folder();
        mkdirSync(join(folder, "photos"));
        const before = site().sshd.log.length;
        await using person = await start();
        await person.open(`${site().url}#${folder}`);
        await expectAccessibleInBothThemes(person);
        await person.fill("User", user);
        await person.fill("Password", "wrong-and-secret");
        await person.press("Enter");
        await person.sees("alert");
        await person.reads(/did not accept that/);
        await person.reads(/ref [0-9a-f]{16}/);
        // What the server says is text, whatever it looks like.
        await person.reads("<b>Really</b>");
        await expectAccessibleInBothThemes(person);
        await person.fill("Password", password);
        await person.press("Enter");
        await person.sees("row", /photos/);

        const tries = [
          ...site()
            .sshd.log.slice(before)
            .matchAll(/(Failed|Accepted) password for \S+ from \S+ port (\d+)/g),
        ];
        expect(tries.map(([, what]) => what)).toEqual(["Failed", "Accepted"]);
        expect(tries[0]?.[2]).toBe(tries[1]?.[2]);

        const traces = `${await person.traces()}\n${site().bridge.log}`;
        expect(traces).toContain(user);
        for (const secret of [password, "wrong-and-secret"]) expect(traces).not.toContain(secret);
        expect(await person.evaluate(() => document.cookie, undefined)).toBe("");

        // The next login begins with the name.
        await person.click("button", /^Account/);
        await person.click("menuitemcheckbox", "Dark");
        await expectAccessibleInBothThemes(person);
        await person.click("button", /^Account/);
        await person.click("menuitemcheckbox", "Deutsch");
        await person.click("button", /^Konto/);
        await person.click("menuitemcheckbox", "English");
        await person.click("button", /^Account/);
        await person.click("menuitem", "Log out");
        await person.sees("button", "Log in");
        const kept = () => document.querySelector<HTMLInputElement>("[name=user]")?.value;
        expect(await person.evaluate(kept, undefined)).toBe(user);
      });

      test("a password in capital letters that nobody wants is not a riddle", async () => {
        await using person = await start();
        await person.open(site().url);
        await person.sees("button", "Log in");
        const presses = (modifierCapsLock: boolean) =>
          person.evaluate((modifierCapsLock) => {
            const event = new KeyboardEvent("keydown", { key: "A", bubbles: true, modifierCapsLock });
            document.querySelector("[type=password]")?.dispatchEvent(event);
          }, modifierCapsLock);
        const told = () => person.evaluate(() => document.querySelector(".hint")?.textContent, undefined);
        await presses(true);
        await person.reads("Caps Lock is on.");
        await presses(false);
        await expect.poll(told, { timeout: 15_000 }).toBe("");
      });

      if (browser !== "chromium") return;

      test("a key is made, logs in once the server knows its line, and is removed", async () => {
        const folder = site().folder();
        mkdirSync(join(folder, "by key"));
        await using person = await start();
        await person.open(`${site().url}#${folder}`);
        await person.click("radio", "By key");
        await person.fill("User", user);
        await person.click("button", "Keys…");
        await person.fill("Name of the new key", "laptop");
        await person.press("Enter");
        await person.sees("textbox", "Public line of laptop");
        await expectAccessibleInBothThemes(person);
        const line = await person.evaluate(
          () => document.querySelector<HTMLTextAreaElement>(".keys textarea")?.value ?? "",
          undefined,
        );
        expect(line).toMatch(/^ssh-ed25519 \S+ laptop$/);
        await person.click("button", "Done");

        await person.click("button", "Log in");
        await person.reads(/did not accept that/);
        writeFileSync(join(etc, "authorized_keys"), `${line}\n`);
        await person.click("button", "Log in");
        await person.sees("row", /by key/);
        const byKey = () =>
          site().sshd.log.match(/Accepted publickey for \S+ from \S+ port \d+ ssh2: ED25519/g);
        const before = byKey()?.length ?? 0;
        expect(before).toBeGreaterThan(0);

        // A bridge that was started anew knows of no session: the key logs in again, and nobody is asked.
        await site().bridge.restart();
        await until("another login by the key", () => byKey()?.length === before + 1);
        await person.misses("dialog");
        const isOurs = (problem: string) => !/WebSocket connection to|can.t establish/.test(problem);
        person.problems.splice(0, person.problems.length, ...person.problems.filter(isOurs));

        await person.click("button", /^Account/);
        await person.click("menuitem", "Keys…");
        await person.click("button", "Remove…");
        await person.sees("dialog", "Remove the key laptop?");
        await expectAccessibleInBothThemes(person);
        await person.click("button", "Remove key");
        await person.reads("There is no key in this browser yet.");
      });
    },
    { sshd: { config: `Banner ${etc}/banner\nAuthorizedKeysFile ${etc}/authorized_keys` } },
  );
});

describe("questions", () => {
  inBrowsers(
    BOTH,
    ({ browser, site, start }) => {
      const code = () => typed({ prompts: [{ text: "code" }] } as never)[0] ?? "";

      test("two rounds of questions: the password, and a code", async () => {
        await using person = await start();
        await person.open(site().url);
        await person.click("radio", "By questions");
        await person.fill("User", user);
        await person.click("button", "Log in");
        await person.fill("Password:", password);
        await person.press("Enter");
        await person.fill("Verification code:", code());
        await expectAccessibleInBothThemes(person);
        await person.press("Enter");
        await person.sees("grid");
        const traces = `${await person.traces()}\n${site().bridge.log}`;
        expect(traces).not.toContain(password);
      });

      if (browser !== "chromium") return;

      test("a password in the form answers the first question, and the second can be given up", async () => {
        await using person = await start();
        await person.open(site().url);
        await person.fill("User", user);
        await person.fill("Password", password);
        await person.press("Enter");
        await person.fill("Verification code:", "000000");
        await person.click("button", "Cancel");
        await person.sees("button", "Log in");
        await person.fill("Password", password);
        await person.press("Enter");
        await person.fill("Verification code:", code());
        await person.press("Enter");
        await person.sees("grid");
      });
    },
    { sshd: asking },
  );
});

describe("a key and a password", () => {
  inBrowsers(
    ["chromium"],
    ({ site, start }) => {
      test("the second proof is asked for after the first, and not who it is", async () => {
        await using person = await start();
        await person.open(site().url);
        await person.click("radio", "By key");
        await person.fill("User", user);
        await person.click("button", "Keys…");
        await person.fill("Name of the new key", "both");
        await person.press("Enter");
        const line = await person.evaluate(async () => {
          for (;;) {
            const area = document.querySelector<HTMLTextAreaElement>(".keys textarea");
            if (area) return area.value;
            await new Promise((done) => setTimeout(done, 20));
          }
        }, undefined);
        writeFileSync(join(etc, "authorized_keys"), `${line}\n`);
        await person.click("button", "Done");
        await person.click("button", "Log in");
        await person.reads("That was right. The server wants one more proof.");
        await expectAccessibleInBothThemes(person);
        await person.fill("Password", password);
        await person.press("Enter");
        await person.sees("grid");
      });
    },
    {
      sshd: { config: `AuthenticationMethods publickey,password\nAuthorizedKeysFile ${etc}/authorized_keys` },
    },
  );
});

describe("whom the request proves", () => {
  writeFileSync(join(etc, "password"), password, { mode: 0o600 });
  inBrowsers(
    ["chromium"],
    ({ site }) => {
      test("goes on by one button", async () => {
        await using person = await ChromiumPerson.start({ extraHTTPHeaders: { "X-Remote-User": "ann <b>" } });
        await person.open(site().url);
        await person.sees("button", /^Continue/);
        await expectAccessibleInBothThemes(person);
        await person.click("button", /^Continue/);
        await person.sees("grid");
        await person.sees("button", "Account: ann <b> at Main");
      });

      test("single sign-on is a link, which leads back to the same place; it ends by a POST", async () => {
        await using person = await ChromiumPerson.start({ extraHTTPHeaders: { "X-Remote-User": "ann" } });
        const { page } = person;
        // What the bridge says where a provider is configured; the provider itself is in the tests of the bridge.
        const folder = site().folder();
        mkdirSync(join(folder, "photos"));
        let isSignedIn = false;
        await page.route("**/api/info", async (route) => {
          const info = await (await route.fetch()).json();
          const more = isSignedIn
            ? { sign_out: "auth/logout" }
            : { sign_in: { url: "auth/login", name: "login.example.org" } };
          const methods = isSignedIn ? ["external"] : ["oidc"];
          await route.fulfill({ json: { ...info, ...more, upstreams: [{ ...info.upstreams[0], methods }] } });
        });
        await page.route("**/auth/login?**", (route) => {
          isSignedIn = true;
          const next = new URL(route.request().url()).searchParams.get("next") ?? "";
          return route.fulfill({ status: 303, headers: { Location: next } });
        });
        await page.route("**/auth/logout", (route) => {
          isSignedIn = false;
          return route.fulfill({ status: 204 });
        });
        await person.open(`${site().url}#${folder}`);
        await person.sees("link", "Sign in by login.example.org");
        await expectAccessibleInBothThemes(person);
        await person.click("link", "Sign in by login.example.org");
        await person.sees("row", /photos/);
        const out = page.waitForRequest("**/auth/logout");
        await person.click("button", /^Account/);
        await person.click("menuitem", "Log out and sign out");
        expect((await out).method()).toBe("POST");
        await person.sees("link", "Sign in by login.example.org");
      });
    },
    {
      upstream: `credentials = "password"\npassword_file = "${etc}/password"\nuser = "${user}"`,
      more: '[identity.trusted_header]\nname = "X-Remote-User"\nfrom = ["127.0.0.1"]',
    },
  );
});

describe("too many tries, and another server", () => {
  inBrowsers(
    ["chromium"],
    ({ site, start }) => {
      test("the address chooses the server; the person hears how long to wait, and may try again then", async () => {
        await using person = await start();
        await person.open(`${site().url}#other:/tmp`);
        await person.sees("button", "Log in");
        expect(await person.evaluate(() => document.querySelector("select")?.value, undefined)).toBe("other");
        await person.fill("User", user);
        await person.fill("Password", password);
        await person.press("Enter");
        await person.reads(/cannot be used at the moment/);
        await person.reads("The SFTP server cannot be reached.");
        await person.evaluate(() => {
          const select = document.querySelector("select");
          if (select) select.value = "main";
          select?.dispatchEvent(new Event("change", { bubbles: true }));
        }, undefined);
        await person.fill("User", user);
        await person.fill("Password", "wrong");
        await person.press("Enter");
        await person.reads(/did not accept that/);
        await person.fill("Password", password);
        await person.press("Enter");
        await person.reads(/too many tries/);
        await person.reads(/You can try again in \d+s/);
        await expectAccessibleInBothThemes(person);
        await person.reads("You can try again now.");
        await person.fill("Password", password);
        await person.press("Enter");
        await person.sees("grid");
      });
    },
    {
      throttle: 'attempts_per_address = 1000\nattempts_per_user = 1\nwindow = "5s"',
      more: '[upstreams.other]\ntitle = "Other"\naddress = "127.0.0.1:1"\nknown_hosts = "known_hosts"',
    },
  );
});
