/** The example `examples/upload-page`, as a person uses it: against a real sshd, over a network that is lost. */

import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { FirefoxPerson } from "../support/firefox.ts";
import type { Person } from "../support/person.ts";
import { expectAccessibleInAllLooks } from "../support/screens.ts";
import { Site } from "../support/site.ts";
import { hashOf, Tree } from "../support/trees.ts";
import { UploadPage } from "../support/upload-page.ts";

const { name: user, password, home } = testUser();
const inbox = join(home, "inbox");
const SIZE = 12 << 20;
let page: UploadPage;
let site: Site;

beforeAll(async () => {
  page = await UploadPage.start();
  site = await Site.start({ origins: [page.origin], link: { delay: 5, rate: 40e6 } });
  page.bridge = new URL(site.url).host;
});
afterEach(() => rmSync(inbox, { recursive: true, force: true }));
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await page?.[Symbol.asyncDispose]();
});

async function logsIn(person: Person): Promise<void> {
  await person.open(page.origin);
  await person.fill("User name", user);
  await person.fill("Password", password);
  await person.click("button", "Continue");
  await person.reads("or drop files and folders here");
  await until("the inbox", () => existsSync(inbox));
}

/** A browser's console tells of lost connections; nothing else may be there. */
function forgivesLostConnections(person: Person): void {
  expect(person.problems.filter((problem) => !/WebSocket/.test(problem))).toEqual([]);
  person.problems.length = 0;
}

const picks = (person: ChromiumPerson, ...files: string[]) =>
  person.page.locator("#files").setInputFiles(files);

test.each([
  ["Chromium", () => ChromiumPerson.start()],
  ["Firefox", () => FirefoxPerson.start()],
])(
  "%s: a wrong password, the right one, and a file that arrives; nothing secret is kept",
  async (_, start) => {
    using tree = new Tree();
    const file = tree.file("report <b>1.txt", Buffer.from("some text\n"));
    await using person: Person = await start();
    await person.open(page.origin);
    await person.fill("User name", user);
    await person.fill("Password", "wrong-and-secret");
    await person.click("button", "Continue");
    await person.reads("The SFTP server refused the user name or the password.");
    await person.fill("Password", password);
    await person.click("button", "Continue");
    await person.picks([file], "button", /^Choose files/);
    await person.reads("1 of 1 file sent");
    expect(readFileSync(join(inbox, "report <b>1.txt"), "utf8")).toBe("some text\n");
    const traces = await person.traces();
    for (const secret of [password, "wrong-and-secret"]) expect(traces).not.toContain(secret);
  },
);

test("every screen is accessible, in light and dark, wide and narrow", async () => {
  using tree = new Tree();
  await using person = await ChromiumPerson.start();
  await person.open(page.origin);
  await expectAccessibleInAllLooks(person);
  await logsIn(person);
  await expectAccessibleInAllLooks(person);
  await picks(person, tree.file("small.txt", Buffer.from("x")), tree.file("large.bin", randomBytes(SIZE)));
  await person.click("button", "Pause large.bin");
  await person.reads(/Paused, /);
  await expectAccessibleInAllLooks(person);
});

test("a lost connection is a pause, and the bytes are the same", async () => {
  using tree = new Tree();
  const file = tree.file("large.bin", randomBytes(SIZE));
  await using person = await ChromiumPerson.start();
  await logsIn(person);
  const before = site.link?.up.bytes ?? 0;
  await picks(person, file);
  await until("a quarter", () => (site.link?.up.bytes ?? 0) - before > SIZE / 4);
  site.link?.cut();
  await person.reads(/The connection is lost/);
  await person.reads("1 of 1 file sent");
  expect(await person.page.locator("#notice").isHidden()).toBe(true);
  expect(hashOf(join(inbox, "large.bin"))).toBe(hashOf(file));
  expect((site.link?.up.bytes ?? 0) - before).toBeLessThan(SIZE * 1.5);
  forgivesLostConnections(person);
});

test("pause, go on and cancel, by the keyboard alone", async () => {
  using tree = new Tree();
  const file = tree.file("large.bin", randomBytes(SIZE));
  await using person = await ChromiumPerson.start();
  await logsIn(person);
  await picks(person, file);
  await person.page.getByRole("button", { name: "Pause large.bin" }).press("Enter");
  await person.reads(/Paused, /);
  // What was under way is awaited; then nothing moves.
  const moved = () => site.link?.up.bytes ?? 0;
  let last = -1;
  await until("silence", async () => {
    const now = moved();
    await new Promise((resolve) => setTimeout(resolve, 300));
    [last] = [moved() === now ? -2 : now];
    return last === -2;
  });
  const focused = () => person.page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  expect(await focused()).toBe("Resume large.bin");
  await person.press("Enter");
  await person.reads(/Sending, /);
  expect(await focused()).toBe("Pause large.bin");
  await person.press("Tab");
  await person.press("Enter");
  await person.reads("Cancelled");
  await until("nothing left behind", () => readdirSync(inbox).length === 0);
});

test("a dropped folder comes with what is in it, and a name that is taken stays", async () => {
  using tree = new Tree();
  tree.file("album/one.txt", Buffer.from("one"));
  tree.file("album/inner/two.txt", Buffer.from("two"));
  await using person = await ChromiumPerson.start();
  await logsIn(person);
  const box = await person.page.locator("#drop").boundingBox();
  if (!box) throw new Error("nothing to drop on");
  const session = await person.context.newCDPSession(person.page);
  const data = { items: [], files: [join(tree.path, "album")], dragOperationsMask: 1 };
  for (const count of [2, 4]) {
    for (const type of ["dragEnter", "dragOver", "drop"] as const)
      await session.send("Input.dispatchDragEvent", { type, x: box.x + 50, y: box.y + 50, data });
    await person.reads(`${count} of ${count} files sent`);
  }
  expect(readFileSync(join(inbox, "album/inner/two.txt"), "utf8")).toBe("two");
  expect(readdirSync(join(inbox, "album")).sort()).toEqual(["inner", "one (2).txt", "one.txt"]);
});

test("what the server refuses says why, and can be tried again", async () => {
  using tree = new Tree();
  await using person = await ChromiumPerson.start();
  await logsIn(person);
  chmodSync(inbox, 0o555);
  await picks(person, tree.file("report.txt", Buffer.from("x")));
  await person.reads("You may not write there.");
  chmodSync(inbox, 0o755);
  await person.click("button", "Try again report.txt");
  await person.reads("1 of 1 file sent");
});
