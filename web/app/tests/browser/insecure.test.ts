/**
 * The page by plain http from another machine, where browsers have no service worker, no WebCrypto and no clipboard: what
 * works without works, and what does not says why.
 */

import { randomBytes } from "node:crypto";
import { chownSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testUser } from "../../../client/tests/support/user.ts";
import { expectAccessible, inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { saves } from "../support/saved.ts";
import { Tree } from "../support/trees.ts";

const WHY = "Browsers allow this only where the page was opened by https.";

/** A file of the test user. */
function remote(path: string, content: string | Uint8Array): void {
  const { uid, gid } = testUser();
  writeFileSync(path, content);
  chownSync(path, uid, gid);
}

inBrowsers(["chromium"], ({ site }) => {
  test("login, lists, uploads, edits and downloads work; the rest says that it needs https", async () => {
    const folder = site().folder();
    const content = randomBytes(1 << 20);
    remote(join(folder, "data.bin"), content);
    remote(join(folder, "notes.txt"), "some notes");
    using tree = new Tree();
    await using person = await ChromiumPerson.start();
    const { page } = person;
    const url = site().url.replace("127.0.0.1", "files.test");
    await person.open(url);
    expect(await person.evaluate(() => isSecureContext, undefined)).toBe(false);
    await person.click("radio", "By key");
    await person.reads("Keys need a secure page (https). Use a password here.");
    await person.click("radio", "By password");
    await person.logsIn({ url }, folder);

    await person.picks([tree.file("new.txt", "new")], "button", "Upload files");
    await person.sees("row", /new\.txt/);
    expect(readFileSync(join(folder, "new.txt"), "utf8")).toBe("new");

    await person.click("row", /data\.bin/);
    const saved = await saves(person, () => person.click("button", "Download"));
    expect(readFileSync(saved.path).equals(content)).toBe(true);
    await person.reads("Downloads are limited here");
    await person.reads(/Opening the page by https helps/);
    await expectAccessible(person);

    await person.click("row", /data\.bin/, { button: "right" });
    for (const name of ["Copy path", "Download to…"]) {
      const item = page.getByRole("menuitem", { name });
      expect(await item.getAttribute("aria-disabled"), name).toBe("true");
      expect(await item.textContent(), name).toContain(WHY);
    }
    await person.press("Escape");
    await person.press("Alt+Enter");
    const checksum = page.getByRole("button", { name: "SHA-256: Calculate" });
    expect(await checksum.getAttribute("aria-disabled")).toBe("true");
    expect(await checksum.getAttribute("title")).toBe(WHY);
    await person.press("Escape");

    // What is cut is pasted within the page, which needs no clipboard of the system.
    await person.click("row", /notes/);
    await person.press("Control+c");
    await person.reads(/copied\. Paste where you want it/);
    await person.press("Control+v");
    await person.sees("row", /notes \(2\)/);
    await person.reload();
    await person.sees("row", /notes \(2\)/);
    // Chromium tells that this header, too, is for secure pages.
    const ours = person.problems.filter(
      (it) => !/Cross-Origin-Opener-Policy header has been ignored/.test(it),
    );
    person.problems.splice(0, person.problems.length, ...ours);
  });
});
