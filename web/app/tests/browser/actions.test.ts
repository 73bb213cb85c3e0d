/** What a person changes at the server, and finds there afterwards. */

import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers } from "../support/browsers.ts";
import type { Person } from "../support/person.ts";

/** What is written by root is given to the test user. */
function own(...paths: (string | Buffer)[]): void {
  const { uid, gid } = testUser();
  for (const path of paths) if (!lstatSync(path).isSymbolicLink()) chownSync(path, uid, gid);
}

function file(path: string | Buffer, text = "text"): void {
  writeFileSync(path, text);
  own(path);
}

function folder(path: string): string {
  mkdirSync(path);
  own(path);
  return path;
}

const names = (directory: string) => readdirSync(directory).sort();

const chooses = async (person: Person, row: RegExp, item: RegExp) => {
  await person.click("row", row);
  await person.click("button", "More");
  await person.click("menuitem", item);
};

inBrowsers(["chromium", "firefox"], ({ browser, site, start }) => {
  test("new folders and files, and names of all kinds are changed in their row", async () => {
    const here = site().folder();
    const hostile = "<img src=x onerror=alert(1)>.txt";
    file(join(here, "notes.txt"));
    file(join(here, hostile), "hostile");
    file(Buffer.concat([Buffer.from(`${here}/bytes-`), Buffer.from([0xff, 0xfe])]), "bytes");
    await using person = await start();
    await person.logsIn(site(), here);

    await person.click("button", "New folder");
    await person.fill("Name", "a/b");
    await person.press("Enter");
    await person.reads("A name cannot have “/” in it.");
    await person.fill("Name", "notes.txt");
    await person.press("Enter");
    await person.reads("There is something of that name already.");
    await person.fill("Name", "reports");
    await person.press("Enter");
    await person.sees("row", /reports/);
    await person.misses("dialog");
    expect(lstatSync(join(here, "reports")).isDirectory()).toBe(true);

    await person.click("row", /notes\.txt/);
    await person.press("F2");
    // What is typed before the field is there is for the list.
    await person.sees("textbox", /notes\.txt/);
    await person.type("..");
    await person.press("Escape");
    await person.press("F2");
    await person.type("plan");
    await person.press("Enter");
    await person.sees("row", /plan\.txt/);
    await person.misses("row", /notes\.txt/);
    await person.click("button", "Undo");
    await person.sees("row", /notes\.txt/);

    await person.click("row", /img src/);
    await person.press("F2");
    await person.type("picture");
    await person.press("Enter");
    await person.sees("row", /picture\.txt/);
    await person.click("row", /bytes-/);
    await person.press("F2");
    await person.press("Control+a");
    await person.type("readable.bin");
    await person.press("Enter");
    await person.sees("row", /readable\.bin/);
    expect(names(here)).toEqual(["notes.txt", "picture.txt", "readable.bin", "reports"]);
    expect(readFileSync(join(here, "readable.bin"), "utf8")).toBe("bytes");

    // A name that is taken is asked about, and nothing is lost.
    await person.click("row", /picture/);
    await person.press("F2");
    await person.press("Control+a");
    await person.type("notes.txt");
    await person.press("Enter");
    await person.sees("dialog", /notes\.txt.* is there already/);
    await person.click("radio", "Keep both");
    await person.click("button", "Go on");
    await person.sees("row", /notes \(2\)\.txt/);
    expect(readFileSync(join(here, "notes (2).txt"), "utf8")).toBe("hostile");
  });

  test("what is cut, copied and duplicated arrives, and clashes are asked about", async () => {
    const here = site().folder();
    const target = folder(join(here, "target"));
    for (const name of ["1.txt", "2.txt", "3.txt"]) file(join(here, name), `new ${name}`);
    for (const name of ["2.txt", "3.txt"]) file(join(target, name), `old ${name}`);
    const tree = folder(join(here, "tree"));
    file(join(tree, "inner.txt"), "inner");
    symlinkSync("inner.txt", join(tree, "link"));
    await using person = await start();
    await person.logsIn(site(), here);

    await person.click("row", /1\.txt/);
    await person.click("row", /2\.txt/, { held: ["Control"] });
    await person.click("row", /3\.txt/, { held: ["Control"] });
    await person.press("Control+x");
    await person.reads(/3 items cut/);
    await person.click("row", /target/, { count: 2 });
    // Files of these names are in both folders, and nothing is pasted into one that is still being opened.
    await person.reads("2 entries");
    await person.press("Control+v");
    await person.sees("dialog", /is there already/);
    await person.click("radio", "Replace it");
    await person.click("checkbox", "Do this for all of these");
    await person.click("button", "Go on");
    await person.reads(/3 items moved to/);
    expect(names(target)).toEqual(["1.txt", "2.txt", "3.txt"]);
    expect(readFileSync(join(target, "3.txt"), "utf8")).toBe("new 3.txt");
    expect(names(here)).toEqual(["target", "tree"]);

    await person.press("Backspace");
    await person.click("row", /tree/);
    await person.press("Control+c");
    await person.click("row", /target/, { count: 2 });
    await person.sees("row", /1\.txt/);
    await person.press("Control+v");
    await person.sees("row", /tree/);
    await person.reads(/.tree.” copied to/);
    expect(readFileSync(join(target, "tree/inner.txt"), "utf8")).toBe("inner");
    expect(readlinkSync(join(target, "tree/link"))).toBe("inner.txt");
    await person.click("row", /1\.txt/);
    await person.press("Control+d");
    await person.sees("row", /1 \(2\)\.txt/);
    expect(readFileSync(join(target, "1 (2).txt"), "utf8")).toBe("new 1.txt");
  });

  test("a tree is deleted, and of a link only the link", async () => {
    const here = site().folder();
    const outside = folder(join(here, "outside"));
    file(join(outside, "precious.txt"), "precious");
    const tree = folder(join(here, "tree"));
    const deep = folder(join(tree, "deep"));
    for (let index = 0; index < 50; index++) file(join(deep, `${index}.txt`));
    symlinkSync(outside, join(deep, "to outside"));
    symlinkSync(outside, join(here, "shortcut"));
    file(join(here, "stays.txt"));
    await using person = await start();
    await person.logsIn(site(), here);

    await person.click("row", /^tree/);
    await person.press("Delete");
    await person.sees("dialog", /Delete “.tree.”\?/);
    await person.reads("51 files and 1 folder inside.");
    await person.press("Escape");
    await person.misses("dialog");
    expect(existsSync(tree)).toBe(true);

    await person.click("row", /shortcut/, { held: ["Control"] });
    await person.press("Delete");
    await person.reads("Of links only the link is deleted.");
    await person.click("button", "Delete for good");
    await person.reads("2 items deleted.");
    await person.misses("row", /^tree/);
    expect(names(here)).toEqual(["outside", "stays.txt"]);
    expect(readFileSync(join(outside, "precious.txt"), "utf8")).toBe("precious");

    // What cannot be deleted stays, and says why.
    const closed = join(here, "closed");
    mkdirSync(closed);
    writeFileSync(join(closed, "root's.txt"), "");
    await person.press("Control+Alt+r");
    await person.click("row", /closed/);
    await person.press("Delete");
    await person.click("button", "Delete for good");
    await person.sees("dialog", "Not everything was deleted");
    await person.reads("You may not do that here.");
    await person.click("button", "Close");
    await person.sees("row", /closed/);
  });

  if (browser !== "chromium") return;

  test("properties: permissions, owner, link target, space, and size of a tree", async () => {
    const here = site().folder();
    const tree = folder(join(here, "tree"));
    file(join(tree, "script.sh"));
    file(join(here, "page.html"), "x".repeat(2000));
    utimesSync(join(here, "page.html"), 1_000_000_000, 1_000_000_000);
    symlinkSync("nowhere", join(here, "link"));
    await using person = await start();
    await person.logsIn(site(), here);

    await person.click("row", /page\.html/);
    await person.press("Alt+Enter");
    await person.sees("dialog", /Properties of “.page\.html.”/);
    await person.reads(/[\d.]+ [GMT]B of [\d.]+ [GMT]B/);
    await person.reads(testUser().name);
    await person.click("checkbox", "Group: Write");
    await person.click("checkbox", "Others: Read");
    await person.click("button", "Save");
    await person.reads(/.page\.html.” changed\./);
    const changed = statSync(join(here, "page.html"));
    expect((changed.mode & 0o777).toString(8)).toBe("660");
    expect(changed.mtimeMs).toBe(1_000_000_000_000);

    await chooses(person, /^tree/, /Properties/);
    await person.click("button", "Size: Calculate");
    await person.reads(/in 1 file and 1 folder/);
    await person.fill("As a number", "755");
    await person.click("checkbox", "The same for everything inside");
    await person.click("button", "Save");
    await person.reads(/.tree.” changed\./);
    expect((statSync(tree).mode & 0o777).toString(8)).toBe("755");
    expect((statSync(join(tree, "script.sh")).mode & 0o777).toString(8)).toBe("644");

    await chooses(person, /page\.html/, /Properties/);
    await person.sees("dialog", /Properties of “.page/);
    await person.evaluate(() => {
      const field = document.querySelector<HTMLInputElement>("input[type=datetime-local]");
      if (field) field.value = "2020-01-02T03:04:05";
      field?.dispatchEvent(new Event("input", { bubbles: true }));
    }, undefined);
    await person.click("button", "Save");
    await person.misses("dialog");
    await person.reads(/.page\.html.” changed\./);
    const saved = () => statSync(join(here, "page.html")).mtimeMs;
    await expect.poll(saved).toBe(new Date("2020-01-02T03:04:05").getTime());

    await chooses(person, /^link/, /Properties/);
    await person.fill("Leads to", "page.html");
    await person.click("button", "Save");
    await person.reads(/.link.” changed\./);
    expect(readlinkSync(join(here, "link"))).toBe("page.html");
  });

  test("links are made, symbolic and hard", async () => {
    const here = site().folder();
    file(join(here, "page.html"), "page");
    await using person = await start();
    await person.logsIn(site(), here);
    await chooses(person, /page/, /New link/);
    await person.fill("Name", "symbolic");
    await person.click("button", "Create");
    await person.sees("row", /symbolic/);
    expect(readlinkSync(join(here, "symbolic"))).toBe(join(here, "page.html"));
    await chooses(person, /page\.html/, /New link/);
    await person.fill("Name", "hard");
    await person.click("radio", "Hard: another name for the same file");
    await person.click("button", "Create");
    await person.sees("row", /hard/);
    expect(statSync(join(here, "hard")).ino).toBe(statSync(join(here, "page.html")).ino);
  });
});
