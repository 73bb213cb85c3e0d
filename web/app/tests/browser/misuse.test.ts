/** What must not happen when people are quick, the network is slow, or a link leads elsewhere: in Chromium. */

import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { drags } from "../support/uploads.ts";

function own(path: string): string {
  const { uid, gid } = testUser();
  chownSync(path, uid, gid);
  return path;
}

function folder(path: string): string {
  mkdirSync(path);
  return own(path);
}

function file(path: string, text = "text"): void {
  writeFileSync(path, text);
  own(path);
}

const goes = (person: ChromiumPerson, path: string) =>
  person.evaluate((path) => {
    location.hash = path;
  }, path);

/** Keeps a part of the page from being loaded until it is let through. */
async function hold({ page }: ChromiumPerson, part: string): Promise<() => void> {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(new RegExp(`/assets/${part}-[^/]*\\.js$`), async (route) => {
    await gate;
    await route.continue();
  });
  return release;
}

describe("one server", () => {
  inBrowsers(["chromium"], ({ site }) => {
    test("a new name is for the file in the folder where it was written, wherever the person is by then", async () => {
      const here = site().folder();
      const [one, other] = [folder(join(here, "one")), folder(join(here, "other"))];
      for (const path of [one, other]) file(join(path, "same.txt"));
      await using person = await ChromiumPerson.start();
      await person.logsIn(site(), one);
      await person.click("row", /same/);
      await person.press("F2");
      // What is typed before the field is there is for the list.
      await person.sees("textbox", /same/);
      await person.press("Control+a");
      await person.type("fresh.txt");
      await person.press("Enter");
      await goes(person, other);
      await person.sees("link", "other");
      await person.sees("row", /same/);
      await person.reads(/is now/);
      expect([readdirSync(one), readdirSync(other)]).toEqual([["fresh.txt"], ["same.txt"]]);

      // A field that is still open when the person goes elsewhere.
      await person.click("row", /same/);
      await person.press("F2");
      await person.press("Control+a");
      await person.type("second.txt");
      await goes(person, one);
      await person.sees("row", /fresh/);
      file(join(one, "same.txt"));
      await goes(person, here);
      await person.sees("row", /other/);
      expect(readdirSync(one).sort()).toEqual(["fresh.txt", "same.txt"]);
    });

    test("what is looked at and edited is what was chosen, also where Back leads elsewhere meanwhile", async () => {
      const here = site().folder();
      const [one, other] = [folder(join(here, "one")), folder(join(here, "other"))];
      for (const path of [one, other]) file(join(path, "same.txt"), `in ${path}`);
      await using person = await ChromiumPerson.start();
      const release = await hold(person, "preview");
      await person.logsIn(site(), one);
      await person.click("row", /same/);
      await person.press("F3");
      await goes(person, other);
      await person.sees("link", "other");
      await person.sees("row", /same/);
      release();
      await person.sees("dialog", "same.txt");
      await person.reads(`in ${one}`);
      await goes(person, here);
      await person.page.getByText("other", { exact: true }).first().waitFor({ state: "attached" });
      await goes(person, other);
      await person.click("button", "Edit as text");
      const text = person.page.getByRole("textbox", { name: /same/ });
      expect(await text.inputValue()).toBe(`in ${one}`);
      await text.fill("changed");
      await person.press("Control+s");
      await expect.poll(() => readFileSync(join(one, "same.txt"), "utf8")).toBe("changed");
      expect(readFileSync(join(other, "same.txt"), "utf8")).toBe(`in ${other}`);
    });

    test("what was dragged and never let go does not move when files of this device are dropped later", async () => {
      const here = site().folder();
      const target = folder(join(here, "target"));
      file(join(here, "dragged.txt"));
      const mine = join(site().folder(), "mine.txt");
      file(mine);
      await using person = await ChromiumPerson.start();
      await person.logsIn(site(), here);
      // The browser tells nobody of the end of a drag whose row has gone meanwhile.
      await person.page.getByRole("row", { name: /dragged/ }).evaluate((row) => {
        const dataTransfer = new DataTransfer();
        row.dispatchEvent(new DragEvent("dragstart", { bubbles: true, cancelable: true, dataTransfer }));
      });
      await drags(person, [mine], /target/);
      await expect.poll(() => readdirSync(target), { timeout: 15_000 }).toContain("mine.txt");
      expect(readdirSync(here).sort()).toEqual(["dragged.txt", "target"]);
      expect(readdirSync(target)).toEqual(["mine.txt"]);
    });

    test("an answer for all is for what it was offered for: a file that is not begun is asked about", async () => {
      const here = site().folder();
      const mine = site().folder();
      file(join(mine, "begun.txt"), "a beginning and an end");
      file(join(here, "begun.txt"), "a beginning");
      file(join(mine, "other.txt"), "short");
      file(join(here, "other.txt"), "something else that is longer");
      await using person = await ChromiumPerson.start();
      await person.logsIn(site(), here);
      await drags(person, [join(mine, "begun.txt"), join(mine, "other.txt")], undefined);
      await person.sees("dialog", /begun/);
      await person.page.getByRole("radio", { name: "Complete what is there" }).check();
      await person.page.getByRole("checkbox", { name: /for all/ }).check();
      await person.click("button", "Go on");
      await person.sees("dialog", /other/);
      await person.press("Escape");
      await expect.poll(() => readFileSync(join(here, "begun.txt"), "utf8")).toBe("a beginning and an end");
      expect(readFileSync(join(here, "other.txt"), "utf8")).toBe("something else that is longer");
    });

    test("a key that is held does a thing once", async () => {
      const here = site().folder();
      file(join(here, "a.txt"));
      await using person = await ChromiumPerson.start();
      const release = await hold(person, "actions");
      await person.logsIn(site(), here);
      const { keyboard } = person.page;
      const holds = async (key: string) => {
        for (let count = 0; count < 6; count++) await keyboard.down(key);
        await keyboard.up(key);
      };
      await person.click("row", /a\.txt/);
      await holds("Delete");
      // And pressed again, since nothing was to be seen yet.
      await person.press("Delete");
      release();
      await person.sees("dialog", /Delete/);
      expect(await person.page.getByRole("dialog").count()).toBe(1);
      await person.press("Escape");
      await person.misses("dialog");
      await keyboard.down("Control");
      await holds("d");
      await keyboard.up("Control");
      await person.sees("row", /a \(2\)/);
      await person.press("Control+Alt+r");
      await person.reads("2 entries");
      expect(readdirSync(here).sort()).toEqual(["a (2).txt", "a.txt"]);
    });
  });
});

interface Key {
  readonly key: string;
  readonly code?: string;
  readonly altKey?: boolean;
  readonly metaKey?: boolean;
  readonly isComposing?: boolean;
}

describe("keys", () => {
  inBrowsers(["chromium"], ({ site }) => {
    test("on a Mac Option changes no shortcut; what is composed is not sent; the focus is not lost", async () => {
      const here = site().folder();
      file(join(here, "a.txt"));
      await using person = await ChromiumPerson.start();
      const { page } = person;
      await page.addInitScript(() => Object.defineProperty(navigator, "platform", { value: "MacIntel" }));
      await person.logsIn(site(), here);
      await person.sees("row", /a\.txt/);
      const presses = (role: "grid" | "searchbox", key: Key) =>
        page.getByRole(role).evaluate((at: Element, key: Key) => {
          at.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...key }));
        }, key);
      await presses("grid", { key: "˜", code: "KeyN", altKey: true, metaKey: true });
      await person.sees("dialog", "New folder");
      await person.press("Escape");
      await person.misses("dialog");

      await page.getByRole("searchbox").fill("a");
      await presses("searchbox", { key: "Enter", isComposing: true });
      await presses("searchbox", { key: "Escape", isComposing: true });
      expect(await page.getByRole("searchbox").inputValue()).toBe("a");
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("filter");

      // A notice takes its button with it: who has pressed it is where they were.
      await presses("searchbox", { key: "Enter" });
      for (const name of ["b.txt", "c.txt"]) {
        await person.press("F2");
        await person.sees("textbox", /\.txt/);
        await page.keyboard.press("Control+a");
        await person.type(name);
        await person.press("Enter");
        await page.getByRole("searchbox").fill("");
        await person.sees("row", new RegExp(name));
        await page.getByRole("row", { name: new RegExp(name) }).click();
      }
      await page.getByRole("button", { name: "Undo" }).last().focus();
      await person.press("Enter");
      await person.sees("row", /b\.txt/);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("files");
      expect(readdirSync(here)).toEqual(["b.txt"]);
    });
  });
});

describe("what others have left", () => {
  inBrowsers(["chromium"], ({ site }) => {
    test("nonsense in the storage and in the address does not keep anybody out", async () => {
      const here = site().folder();
      const { name } = testUser();
      await using person = await ChromiumPerson.start();
      await person.open(site().url);
      await person.evaluate((user) => {
        const nonsense = {
          language: "constructor",
          theme: "__proto__",
          sort: '{"by":"constructor","descending":{}}',
          hidden: "[1",
          login: '{"user":{"a":["b"]},"way":["x"],"key":5}',
          [`unfinished-uploads:["main","${user}"]`]: JSON.stringify([
            null,
            5,
            { name: "a", time: Date.now() },
            { id: 1, page: {}, name: "b", link: "javascript:alert(1)", time: Date.now() },
          ]),
        };
        for (const [key, value] of Object.entries(nonsense)) localStorage.setItem(key, value);
        // While the page runs, what it finds there later is what it finds at its start.
        addEventListener("pagehide", () => sessionStorage.setItem("resumption", '{"token":{},"user":1}'));
      }, name);
      await person.reload();
      await person.sees("heading");
      expect(await person.page.getByLabel("User", { exact: true }).inputValue()).toBe("");
      for (const hash of ["#javascript:alert(1)", "#%", "#/%zz%ff", "#:/", "#//evil.example/x"]) {
        await goes(person, hash);
        await person.sees("button", "Log in");
      }
      await person.logsIn(site(), here);
      await person.reads("0 entries");
      // With the list of transfers, where it would be told.
      await person.page.waitForLoadState("networkidle");
      await person.misses("button", /^Pick/);
      for (const hash of ["#javascript:alert(1)", "#%", "#/%zz%ff", "#//evil.example/x", `#${here}`]) {
        await goes(person, hash);
        await person.sees("grid");
      }
      await person.reads("0 entries");
    });

    test("a name with a line break or with bytes that are no text is no command on the clipboard", async () => {
      const here = site().folder();
      file(join(here, "plain.txt"));
      file(join(here, "two\nrm -rf ~\n"));
      writeFileSync(Buffer.concat([Buffer.from(`${here}/bytes `), Buffer.of(0xff)]), "");
      await using person = await ChromiumPerson.start({ permissions: ["clipboard-read", "clipboard-write"] });
      const { page } = person;
      await person.logsIn(site(), here);
      const copied = async (row: RegExp) => {
        await person.click("row", row, { button: "right" });
        await person.click("menuitem", "Copy path");
        await person.reads("The path is on the clipboard.");
        await person.click("button", "Dismiss");
        return page.evaluate(() => navigator.clipboard.readText());
      };
      expect(await copied(/plain/)).toBe(`${here}/plain.txt`);
      expect(await copied(/two/)).toBe(`$'${here}/two\\012rm -rf ~\\012'`);
      expect(await copied(/bytes/)).toBe(`$'${here}/bytes \\377'`);
      await person.press("Escape");
      await person.click("button", "More");
      await person.click("menuitem", "Copy link to this folder");
      await person.reads("The link is on the clipboard.");
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${site().url}#${here}`);
    });

    test("a menu goes with the folder that it was opened in, and what is new has its owner's name", async () => {
      const here = site().folder();
      const inside = folder(join(here, "inside"));
      file(join(inside, "a.txt"));
      await using person = await ChromiumPerson.start();
      const { page } = person;
      await person.logsIn(site(), here);
      await person.click("row", /inside/, { count: 2 });
      await person.click("row", /a\.txt/);
      await person.press("Control+d");
      await person.sees("row", /a \(2\)\.txt/);
      const owners = new Set(await page.locator(".row .owner").allTextContents());
      expect([...owners]).toEqual([expect.stringContaining(testUser().name)]);
      await person.click("row", /a\.txt/, { button: "right" });
      await person.sees("menuitem", /^Rename/);
      await page.goBack();
      await person.sees("row", /inside/);
      await person.misses("menuitem");
    });

    test("who logs in next sees nothing of the login before", async () => {
      const here = site().folder();
      file(join(here, "secret plan.txt"));
      await using person = await ChromiumPerson.start();
      await person.logsIn(site(), here);
      await person.click("row", /secret/);
      await person.press("Control+c");
      await person.reads(/secret plan.+ copied/);
      /** As if the login ended for another reason: the dialog is over everything. */
      const ends = async () => {
        await person.page.evaluate(() => document.querySelector<HTMLElement>("header .account")?.click());
        await person.page.getByText("Log out").evaluate((item) => item.closest("button")?.click());
        await person.sees("button", "Log in");
      };
      await person.press("Delete");
      await person.sees("dialog", /secret/);
      await ends();
      await person.misses("dialog");
      expect(await person.page.locator("body").innerHTML()).not.toContain("secret plan");
      expect(await person.page.title()).not.toContain(basename(here));

      // But what is told of the end itself.
      await person.fill("Password", testUser().password);
      await person.click("button", "Log in");
      await person.click("row", /secret/);
      await person.press("F4");
      await person.page.getByRole("textbox", { name: /secret/ }).fill("unsaved");
      await ends();
      await person.reads(/Your unsaved text is kept/);
      await person.misses("dialog");
    });
  });
});

describe("two servers", () => {
  inBrowsers(
    ["chromium"],
    ({ site }) => {
      test("a link to a folder of the other server does not show that of this one", async () => {
        const here = site().folder();
        const inside = folder(join(here, "inside"));
        file(join(inside, "precious.txt"));
        await using person = await ChromiumPerson.start();
        await person.logsIn(site(), here);
        await person.sees("row", /inside/);
        await goes(person, `other:${inside}`);
        await person.reads(/That link leads to another server/);
        expect(await person.evaluate(() => location.hash, undefined)).toBe(`#${here}`);
        await person.sees("row", /inside/);
        await person.misses("row", /precious/);
        // The page was loaded again with it.
        await person.evaluate((link) => history.replaceState(null, "", link), `#other:${inside}`);
        await person.reload();
        await person.reads(/That link leads to another server/);
        await person.page.locator("[role=grid][aria-busy=false]").waitFor();
        await person.misses("row", /precious/);
      });
    },
    { more: '[upstreams.other]\ntitle = "Other"\naddress = "127.0.0.1:1"\nknown_hosts = "known_hosts"' },
  );
});
