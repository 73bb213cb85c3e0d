/**
 * Every screen of the page, in every look: no violation that axe finds, nothing that sticks out. A new screen is one
 * entry below. With `SCREENSHOTS`, a folder, it writes the pictures of the documents (`npm run screenshots`).
 */

import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { asking } from "../../../client/tests/support/otp.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers } from "../support/browsers.ts";
import type { ChromiumPerson } from "../support/chromium.ts";
import { Gallery } from "../support/gallery.ts";
import { expectGoodLooks, LOOKS, type Look, startsWith } from "../support/looks.ts";
import { pictureOf } from "../support/picture.ts";
import type { Site } from "../support/site.ts";
import { Tree } from "../support/trees.ts";
import { drags } from "../support/uploads.ts";

interface Stage {
  readonly person: ChromiumPerson;
  readonly site: Site;
  /** The folder that is shown. */
  readonly here: string;
  /** Of the person's own machine. */
  readonly mine: Tree;
}

interface Screen {
  readonly name: string;
  /** From the list of `here`; by patterns that fit in each language. */
  readonly show: (stage: Stage) => Promise<unknown>;
  /** Back to the list; by Escape without it. */
  readonly leave?: (stage: Stage) => Promise<unknown>;
  /** Of which looks the documents have a picture: `wide-dark`. */
  readonly pictures?: readonly string[];
}

const stay = async () => {};
const row = /Tide tables/;
const { name: user, password } = testUser();

/** Presses keys on a row. */
const onRow =
  (keys: string, dialog?: RegExp) =>
  async ({ person }: Stage) => {
    await person.click("row", row);
    await person.press(keys);
    if (dialog) await person.sees("dialog", dialog);
  };

/** In another folder. */
const inFolder =
  (name: string, text: RegExp) =>
  async ({ person, site, here }: Stage) => {
    await person.open(`${site.url}#${here}/${name}`);
    await person.reads(text);
  };

const back = async ({ person, site, here }: Stage) => {
  await person.open(`${site.url}#${here}`);
  await person.sees("row", row);
};

const SCREENS: readonly Screen[] = [
  {
    name: "login",
    pictures: ["wide-light"],
    show: async ({ person, site, here }) => {
      await person.open(`${site.url}#${here}`);
      await person.sees("textbox", /User/);
    },
    leave: stay,
  },
  {
    name: "login-refused",
    show: async ({ person }) => {
      await person.page.getByLabel(/User/).fill(user);
      await person.page
        .getByLabel(/Password/)
        .first()
        .fill("wrong");
      await person.press("Enter");
      await person.reads(/did not accept that/);
    },
    leave: async ({ person }) => {
      await person.page
        .getByLabel(/Password/)
        .first()
        .fill(password);
      await person.press("Enter");
      await person.sees("row", row);
    },
  },
  {
    name: "list",
    pictures: ["wide-light", "wide-dark", "narrow-light", "right-to-left-light"],
    show: stay,
    leave: stay,
  },
  {
    name: "selection",
    show: async ({ person }) => {
      await person.click("row", row);
      await person.press("Shift+ArrowUp");
      await person.press("Shift+ArrowUp");
    },
  },
  {
    name: "context-menu",
    pictures: ["wide-light"],
    show: async ({ person }) => {
      await person.click("row", row, { button: "right" });
      await person.sees("menuitem", /Rename/);
    },
  },
  {
    name: "more-menu",
    show: async ({ person }) => {
      await person.press("Escape");
      await person.click("button", /More/);
      await person.sees("menuitem", /Refresh/);
    },
  },
  {
    name: "account-menu",
    show: async ({ person }) => {
      await person.click("button", /Account/);
      await person.sees("menuitemcheckbox", /Dark/);
    },
  },
  {
    name: "keys",
    pictures: ["wide-light"],
    show: async ({ person }) => {
      await person.click("button", /Account/);
      await person.click("menuitem", /Keys/);
      await person.page.getByLabel(/Name of the new key/).fill("Laptop");
      await person.press("Enter");
      await person.sees("textbox", /Public line of Laptop/);
    },
  },
  {
    name: "no-hits",
    show: async ({ person }) => {
      await person.page.getByRole("grid").focus();
      await person.press("/");
      await person.type("zeppelin");
      await person.reads(/Nothing here fits/);
    },
  },
  { name: "empty-folder", show: inFolder("Empty", /This folder is empty/), leave: back },
  {
    name: "large-folder",
    pictures: ["wide-light"],
    show: inFolder("Soundings", /\b1(00)?,000 entries/),
    leave: back,
  },
  { name: "closed-folder", show: inFolder("Private", /could not be read/), leave: back },
  { name: "missing-folder", show: inFolder("Nowhere", /does not exist/), leave: back },
  { name: "new-folder", show: onRow("Control+Alt+n", /New folder/) },
  { name: "rename", show: onRow("F2") },
  { name: "properties", pictures: ["wide-light"], show: onRow("Alt+Enter", /Properties/) },
  {
    name: "preview-image",
    pictures: ["wide-light"],
    show: async ({ person }) => {
      await person.click("row", /Harbour at dawn/);
      await person.press("F3");
      const image = person.page.locator("img[alt*='Harbour at dawn']");
      await image.waitFor();
      await image.evaluate((it: HTMLImageElement) => it.decode());
    },
  },
  {
    name: "preview-text",
    show: async (stage) => {
      await onRow("F3")(stage);
      await stage.person.reads(/local time/);
    },
  },
  {
    name: "editor",
    pictures: ["wide-light"],
    show: async (stage) => {
      await onRow("F4")(stage);
      await stage.person.sees("textbox", /Tide tables/);
    },
  },
  { name: "delete", show: onRow("Delete", /Delete/) },
  { name: "shortcuts", show: onRow("?", /Keyboard shortcuts/) },
  {
    name: "drop",
    show: async ({ person, mine }) => {
      await drags(person, [mine.file("a.txt", "a")], undefined, false);
      await person.reads(/Drop to upload/);
    },
    leave: async ({ person }) => {
      await person.page.evaluate(() =>
        document.body.dispatchEvent(new DragEvent("dragleave", { bubbles: true })),
      );
      await person.misses("status", /Drop to upload/);
    },
  },
  {
    name: "conflict",
    pictures: ["wide-light"],
    show: async ({ person, mine }) => {
      await drags(person, [mine.file("Tide tables.txt", "of this year")], undefined);
      await person.sees("dialog", /is there already/);
    },
  },
  {
    name: "transfers",
    pictures: ["wide-light"],
    show: async ({ person, site, mine }) => {
      await person.press("Escape");
      if (site.link) site.link.up.rate = 4e6;
      const films = ["Regatta.mp4", "Ferry at night.mp4"].map((it) => mine.file(it, randomBytes(4 << 20)));
      mine.file("Private/a.txt", "a");
      await drags(person, [join(mine.path, "Private")], undefined);
      await person.reads(/1 failed/);
      await drags(person, films, undefined);
      await person.page.getByRole("button", { name: /1 failed/ }).click();
      await person.sees("progressbar", /Regatta/);
    },
    leave: stay,
  },
  {
    name: "connection-lost",
    pictures: ["wide-dark"],
    show: async ({ person, site: { link } }) => {
      if (!link) throw new Error("the site has a link");
      link.accepting = false;
      link.cut();
      await person.reads(/The connection was lost/);
    },
    leave: async ({ person, site: { link } }) => {
      if (link) link.accepting = true;
      await person.click("button", /Try now/);
      await person.reads(/Connected again/);
      // A console of a browser tells of lost connections; nothing else may be there.
      expect(person.problems.filter((problem) => !/WebSocket/.test(problem))).toEqual([]);
      person.problems.length = 0;
    },
  },
  {
    name: "interrupted-uploads",
    show: async ({ person }) => {
      person.page.once("dialog", (dialog) => void dialog.accept());
      await person.reload();
      await person.sees("row", row);
      await person.reads(/interrupted/);
    },
    leave: stay,
  },
];

/** Two rounds of questions. */
const QUESTIONS: readonly Screen[] = [
  {
    name: "questions",
    show: async ({ person, site }) => {
      await person.open(site.url);
      await person.click("radio", /By questions/);
      await person.page.getByLabel(/User/).fill(user);
      await person.press("Enter");
      await person.sees("button", /Answer/);
    },
    leave: stay,
  },
  {
    name: "question-of-a-code",
    show: async ({ person }) => {
      await person.page.locator("[name=answer-0]").fill(password);
      await person.press("Enter");
      await person.page.getByLabel(/code/i).first().waitFor();
    },
    leave: stay,
  },
];

async function walk(stage: Stage, look: Look, screens: readonly Screen[]): Promise<void> {
  const { person } = stage;
  for (const { name, show, leave, pictures = [] } of screens) {
    await show(stage);
    await expectGoodLooks(person, look, async (scheme) => {
      const kind = `${look.name}-${scheme}`;
      if (pictures.includes(kind)) await paint(person, `${name}-${kind}`);
    }).catch((error) => {
      throw new Error(`the screen ${name}: ${error.message}`, { cause: error });
    });
    await (leave ?? (() => person.press("Escape")))(stage);
  }
}

async function paint(person: ChromiumPerson, name: string): Promise<void> {
  const { SCREENSHOTS: folder } = process.env;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const picture = await pictureOf(person);
  expect(picture.length).toBeLessThanOrEqual(80_000);
  writeFileSync(join(folder, `${name}.png`), picture);
}

function inAllLooks(screens: readonly Screen[], site: () => Site): void {
  test.each(LOOKS)("every screen is accessible, and nothing sticks out: $name", async (look) => {
    using gallery = new Gallery();
    using mine = new Tree();
    await using person = await startsWith(look);
    await walk({ person, site: site(), here: gallery.path, mine }, look, screens);
  });
}

describe("files", () => {
  inBrowsers(["chromium"], ({ site }) => inAllLooks(SCREENS, site), { link: {} });
});

describe("a server that asks", () => {
  inBrowsers(["chromium"], ({ site }) => inAllLooks(QUESTIONS, site), { sshd: asking });
});
