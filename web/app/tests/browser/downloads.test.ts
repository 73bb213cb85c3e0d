/** Downloads, as a person sees them: by the browser itself, as a zip, and to a place that they pick. */

import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { testZip, Unpacked } from "../support/archives.ts";
import { expectAccessible, inBrowsers } from "../support/browsers.ts";
import type { ChromiumPerson } from "../support/chromium.ts";
import type { Person } from "../support/person.ts";
import { saves } from "../support/saved.ts";
import { contentsOf, hashOf } from "../support/trees.ts";
import { statusOf } from "../support/uploads.ts";

const SIZE = 64 << 20;
const TIME = 1_600_000_000;

/** A file at the server, changed at a round second. */
function remote(path: string | Buffer, content: string | Uint8Array): void {
  writeFileSync(path, content);
  utimesSync(path, TIME, TIME);
}

const select = (person: Person, row: RegExp) => person.click("row", row, { held: ["Control"] });

inBrowsers(
  ["chromium", "firefox"],
  ({ site, start }) => {
    test("a file is saved whole, under its name", async () => {
      const folder = site().folder();
      const name = "a “b” 日本.bin";
      remote(join(folder, name), randomBytes(SIZE));
      await using person = await start();
      await person.logsIn(site(), folder);
      await person.click("row", /b.*bin/);
      const saved = await saves(person, () => person.click("button", "Download"));
      expect(saved.name).toBe(name);
      expect(hashOf(saved.path)).toBe(hashOf(join(folder, name)));
      await person.reads(/All transfers are done/);
    });

    test("several things are one zip, with empty folders, hostile names, and a list of what is not in it", async () => {
      const folder = site().folder();
      const tree = join(folder, "tree");
      mkdirSync(join(tree, "empty", "inside"), { recursive: true });
      for (let number = 0; number < 100; number++) remote(join(tree, `${number}.txt`), `${number}`);
      remote(join(tree, "large"), randomBytes(3 << 20));
      const plain = contentsOf(tree).map((line) => `tree/${line}`);
      remote(join(tree, "<img src=x onerror=alert(1)>\n.txt"), "1");
      remote(join(tree, "Case"), "2");
      remote(join(tree, "case"), "3");
      remote(join(tree, "..\\..\\evil.txt"), "4");
      remote(Buffer.concat([Buffer.from(`${tree}/bytes `), Buffer.from([0xff, 0xfe])]), "5");
      remote(join(tree, "secret"), "6");
      chmodSync(join(tree, "secret"), 0);
      chownSync(join(tree, "secret"), 0, 0);
      symlinkSync("/etc", join(tree, "link"));
      remote(join(folder, "one.txt"), "one");
      await using person = await start();
      await person.logsIn(site(), folder);
      await person.click("row", /tree/);
      await select(person, /one/);
      const saved = await saves(person, () => person.click("button", "Download"));
      expect(saved.name).toBe(`${basename(folder)}.zip`);
      testZip(saved.path);
      using unpacked = new Unpacked(saved.path);
      const found = contentsOf(unpacked.path);
      expect(found).toEqual(expect.arrayContaining(plain));
      const names = found.map((line) => line.replace(/ \w{64} \d+$/, ""));
      expect(names).toEqual(
        expect.arrayContaining([
          "one.txt",
          "tree/_img src=x onerror=alert(1)__.txt",
          "tree/.._.._evil.txt",
          "tree/bytes \ufffd\ufffd",
          "Not in this zip.txt",
        ]),
      );
      // Which of the two comes first is the server's to say.
      expect(names.filter((it) => /\/case/i.test(it)).map((it) => it.toLowerCase())).toEqual(
        expect.arrayContaining(["tree/case", "tree/case (2)"]),
      );
      expect(names.filter((it) => /secret|link/.test(it))).toEqual([]);
      await person.reads(/2 things are not in/);
    });
  },
  { link: {} },
);

inBrowsers(
  ["chromium"],
  ({ site, start }) => {
    const link = () => {
      const { link } = site();
      if (!link) throw new Error("the site has a link");
      return link;
    };
    const settles = async () => {
      await new Promise((done) => setTimeout(done, 1000));
      const after = link().down.bytes;
      await new Promise((done) => setTimeout(done, 700));
      return link().down.bytes - after;
    };

    test("a download ends within a second, stopped here or in the browser, and goes on after a cut", async () => {
      const folder = site().folder();
      remote(join(folder, "big.bin"), randomBytes(SIZE));
      await using person = (await start()) as ChromiumPerson;
      await person.logsIn(site(), folder);
      await person.click("row", /big/);
      const begin = async () => {
        const before = link().down.bytes;
        const download = person.page.waitForEvent("download");
        await person.click("button", "Download");
        await until("a megabyte", () => link().down.bytes - before > 1 << 20);
        return download;
      };
      const stoppedThere = await begin();
      await person.page.getByRole("button", { name: /1 transfer/ }).click();
      await stoppedThere.cancel();
      expect(await settles()).toBeLessThan(65_536);
      await until("the row to tell", async () => /Cancelled/.test(await statusOf(person, "big.bin")));
      await person.click("button", "Take big.bin off the list");
      const stoppedHere = await begin();
      await person.click("button", "Cancel big.bin");
      expect(await settles()).toBeLessThan(65_536);
      expect(await stoppedHere.failure()).toBeTruthy();
      await person.click("button", "Take big.bin off the list");
      const cut = await begin();
      link().accepting = false;
      link().cut();
      await person.reads(/Connection lost/);
      link().accepting = true;
      expect(hashOf(await cut.path())).toBe(hashOf(join(folder, "big.bin")));
      await person.reads(/All transfers are done/);
      person.problems.splice(
        0,
        person.problems.length,
        ...person.problems.filter((it) => !/WebSocket/.test(it)),
      );
    });

    test("a picked file and a picked folder go on after a cut, and nothing that is there is replaced", async () => {
      const folder = site().folder();
      remote(join(folder, "big.bin"), randomBytes(24 << 20));
      mkdirSync(join(folder, "tree", "empty"), { recursive: true });
      remote(join(folder, "tree", "a.txt"), "a");
      await using person = (await start()) as ChromiumPerson;
      await person.logsIn(site(), folder);
      // Nobody can pick in a headless browser: the origin's own files stand in.
      await person.evaluate(async () => {
        const root = await navigator.storage.getDirectory();
        const there = await root.getDirectoryHandle("tree", { create: true });
        await there.getFileHandle("old.txt", { create: true });
        Object.assign(window, {
          showSaveFilePicker: ({ suggestedName }: { suggestedName: string }) =>
            root.getFileHandle(suggestedName, { create: true }),
          showDirectoryPicker: async () => root,
        });
      }, undefined);
      await person.click("row", /big/, { button: "right" });
      const before = link().down.bytes;
      await person.click("menuitem", /^Download to/);
      for (const part of [1, 2]) {
        await until(`${part} thirds`, () => link().down.bytes - before > (part * (24 << 20)) / 3);
        link().cut();
      }
      await person.reads(/All transfers are done/);
      await person.click("row", /tree/, { button: "right" });
      await person.click("menuitem", /^Download to/);
      await person.page.getByRole("button", { name: /All transfers/ }).click();
      await until("the folder", async () => /Done/.test(await statusOf(person, "tree")));
      const found = await person.evaluate(async () => {
        const paths: string[] = [];
        const look = async (directory: FileSystemDirectoryHandle, place: string) => {
          for await (const [name, handle] of (
            directory as unknown as Map<string, FileSystemHandle>
          ).entries()) {
            paths.push(place + name);
            if (handle.kind === "directory")
              await look(handle as FileSystemDirectoryHandle, `${place}${name}/`);
          }
        };
        const root = await navigator.storage.getDirectory();
        await look(root, "");
        const file = await (await root.getFileHandle("big.bin")).getFile();
        const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
        return {
          paths: paths.sort(),
          hash: [...hash].map((it) => it.toString(16).padStart(2, "0")).join(""),
        };
      }, undefined);
      expect(found.hash).toBe(hashOf(join(folder, "big.bin")));
      expect(found.paths).toEqual([
        "big.bin",
        "tree",
        "tree (2)",
        "tree (2)/a.txt",
        "tree (2)/empty",
        "tree/old.txt",
      ]);
      await expectAccessible(person);
      person.problems.splice(
        0,
        person.problems.length,
        ...person.problems.filter((it) => !/WebSocket/.test(it)),
      );
    });

    test("without a service worker files come out of memory, and the page says why", async () => {
      const folder = site().folder();
      remote(join(folder, "small.txt"), "small");
      const { uid, gid } = testUser();
      chownSync(folder, uid, gid);
      await using person = (await start()) as ChromiumPerson;
      await person.page.addInitScript(() => {
        Object.defineProperty(window, "isSecureContext", { value: false });
      });
      await person.logsIn(site(), folder);
      await person.click("row", /small/);
      const saved = await saves(person, () => person.click("button", "Download"));
      expect(saved.name).toBe("small.txt");
      expect(hashOf(saved.path)).toBe(hashOf(join(folder, "small.txt")));
      await person.reads(/Opening the page by https helps/);
      await expectAccessible(person);
    });
  },
  { link: { down: { rate: 200e6 } } },
);
