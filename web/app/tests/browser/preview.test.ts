/** A look into files, and texts that are edited. */

import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { expectAccessible, inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { png, RED_PDF, sparseWav } from "../support/samples.ts";

const SCRIPT = "<script>top.document.title='it ran';document.cookie='ran=1'</script>";
const HTML = `<!doctype html><img src=/ran onerror="top.document.title='it ran'">${SCRIPT}`;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" onload="top.document.title='it ran'">${SCRIPT}</svg>`;

/** A file of the test user. */
function remote(path: string, content: string | Uint8Array): void {
  const { uid, gid } = testUser();
  writeFileSync(path, content);
  chownSync(path, uid, gid);
}

/** How many pixels of a screen are red. */
async function red({ page, context }: ChromiumPerson): Promise<number> {
  const shot = (await page.screenshot()).toString("base64");
  const other = await context.newPage();
  try {
    return await other.evaluate(async (base64) => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      context?.drawImage(image, 0, 0);
      const { data } = context?.getImageData(0, 0, image.width, image.height) ?? { data: [] };
      let count = 0;
      for (let at = 0; at < data.length; at += 4)
        if ((data[at] ?? 0) > 200 && (data[at + 1] ?? 0) < 60 && (data[at + 2] ?? 0) < 60) count++;
      return count;
    }, shot);
  } finally {
    await other.close();
  }
}

/** Half a second of red, which the browser itself records. */
async function film({ context }: ChromiumPerson): Promise<Buffer> {
  const page = await context.newPage();
  const base64 = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
    const drawing = canvas.getContext("2d");
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm;codecs=vp8" });
    const parts: Blob[] = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve));
    recorder.start();
    for (let frame = 0; frame < 15; frame++) {
      if (drawing) drawing.fillStyle = `rgb(${240 + frame} 0 0)`;
      drawing?.fillRect(0, 0, 320, 240);
      await new Promise((done) => setTimeout(done, 40));
    }
    recorder.stop();
    await ended;
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  });
  await page.close();
  return Buffer.from(base64, "base64");
}

/** In both themes, and on a phone. */
async function expectAccessibleEverywhere(person: ChromiumPerson): Promise<void> {
  const { page } = person;
  const size = page.viewportSize() ?? { width: 1280, height: 720 };
  await expectAccessible(person);
  await page.emulateMedia({ colorScheme: "dark" });
  // Colours change slowly: those in between have less contrast.
  const still = () => document.getAnimations().every(({ playState }) => playState === "finished");
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.waitForFunction(still);
  await expectAccessible(person);
  await page.setViewportSize({ width: 360, height: 740 });
  await expectAccessible(person);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(size);
}

inBrowsers(
  ["chromium"],
  ({ site }) => {
    const down = () => site().link?.down.bytes ?? 0;

    test("files are looked into one after the other, by keys, and none of them runs", async () => {
      const folder = site().folder();
      remote(join(folder, "a.png"), png(1600, 1200));
      remote(join(folder, "b.png"), HTML);
      remote(join(folder, "c.html"), HTML);
      remote(join(folder, "d.svg"), SVG);
      remote(join(folder, "e.txt"), png(40, 30));
      remote(join(folder, "f.txt"), Buffer.from("latin \xe4\xf6\xfc", "latin1"));
      remote(join(folder, "g.txt"), Buffer.from("\ufeffsixteen €", "utf16le"));
      remote(join(folder, "h.txt"), "ü".repeat(600_000));
      remote(join(folder, "i.pdf"), RED_PDF);
      remote(
        join(folder, "j.bin"),
        Uint8Array.from({ length: 5000 }, (_, at) => at),
      );
      remote(join(folder, "k.mp4"), HTML);
      await using person = await ChromiumPerson.start();
      const { page } = person;
      const asked: string[] = [];
      page.on("request", (request) => asked.push(new URL(request.url()).pathname));
      await person.logsIn(site(), folder);
      const title = await page.title();
      await person.click("row", /a\.png/, { count: 2 });
      const image = page.getByRole("img", { name: "The image “a.png”" });
      await image.waitFor();
      const width = async () => (await image.boundingBox())?.width ?? 0;
      await until("the image to fit", async () => (await width()) > 300 && (await width()) < 1280);
      await expectAccessible(person);
      await person.click("button", "Actual size");
      await until("its own size", async () => (await width()) === 1600);
      await expectAccessible(person);
      await person.click("button", "Actual size");
      const next = async (name: string, text?: RegExp) => {
        await person.press("ArrowRight");
        await person.sees("heading", name);
        if (text) await page.locator("pre", { hasText: text }).waitFor();
      };
      await next("b.png", /<script>/);
      await expectAccessibleEverywhere(person);
      await next("c.html", /onerror/);
      await next("d.svg", /<svg/);
      await next("e.txt");
      await page.getByRole("img", { name: "The image “e.txt”" }).waitFor();
      await next("f.txt", /^latin äöü$/);
      await next("g.txt", /^sixteen €$/);
      await next("h.txt", /^ü+$/);
      await person.reads(/This is the beginning/);
      await next("i.pdf");
      await until("the page that is all red", async () => (await red(person)) > 10_000);
      await next("j.bin");
      await person.reads(/There is no preview/);
      await expectAccessibleEverywhere(person);
      await next("k.mp4", /<script>/);
      await person.press("ArrowLeft");
      await person.sees("heading", "j.bin");
      await person.press("Escape");
      await person.misses("dialog");
      await page.locator(".row[aria-selected=true]", { hasText: "j.bin" }).waitFor();
      expect(await page.title()).toBe(title);
      expect(await page.evaluate(() => document.cookie)).toBe("");
      expect(asked.filter((path) => path.endsWith("/ran"))).toEqual([]);
    });

    test("sound of 600 MB is jumped in, and no more is read than is heard", async () => {
      const folder = site().folder();
      const seconds = sparseWav(join(folder, "long.wav"), 600_000_000);
      await using person = await ChromiumPerson.start();
      await person.logsIn(site(), folder);
      await person.click("row", /long/);
      const before = down();
      await person.press("Enter");
      const audio = person.page.locator("audio");
      const duration = await audio.evaluate(
        (it: HTMLAudioElement) =>
          new Promise<number>((resolve) => {
            if (it.duration) resolve(it.duration);
            else it.addEventListener("loadedmetadata", () => resolve(it.duration));
          }),
      );
      expect(duration).toBeCloseTo(seconds, 0);
      await audio.evaluate(
        (it: HTMLAudioElement, to) =>
          new Promise((resolve) => {
            it.addEventListener("seeked", resolve, { once: true });
            it.currentTime = to;
          }),
        seconds * 0.8,
      );
      await new Promise((done) => setTimeout(done, 1000));
      expect(down() - before).toBeLessThan(8_000_000);
      await expectAccessible(person);
    });

    test("a film is played", async () => {
      const folder = site().folder();
      await using person = await ChromiumPerson.start();
      remote(join(folder, "red.webm"), await film(person));
      await person.logsIn(site(), folder);
      await person.click("row", /red\.webm/, { count: 2 });
      const video = person.page.locator("video");
      const played = await video.evaluate(async (it: HTMLVideoElement) => {
        it.muted = true;
        await it.play();
        while (!it.currentTime) await new Promise((done) => setTimeout(done, 20));
        return [it.videoWidth, it.videoHeight];
      });
      expect(played).toEqual([320, 240]);
      await until("the picture", async () => (await red(person)) > 10_000);
      await expectAccessibleEverywhere(person);
    });

    test("a text is found, edited, saved and left by keys alone", async () => {
      const folder = site().folder();
      const path = join(folder, "notes.txt");
      remote(path, "one");
      remote(join(folder, "other.txt"), "other");
      await using person = await ChromiumPerson.start();
      const { page } = person;
      await person.logsIn(site(), folder);
      await person.sees("row", /notes/);
      await person.type("notes");
      await person.press("Enter");
      await person.sees("heading", "notes.txt");
      const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
      for (let tabs = 0; tabs < 20 && (await focused()) !== "Edit as text"; tabs++) await person.press("Tab");
      await person.press("Enter");
      await person.sees("textbox", "Text of “notes.txt”");
      await person.press("Control+End");
      await person.type(" and two");
      await person.press("Control+s");
      await person.reads("All is saved");
      expect(readFileSync(path, "utf8")).toBe("one and two");
      for (let dialogs = 0; dialogs < 2 && (await page.getByRole("dialog").count()); dialogs++)
        await person.press("Escape");
      await person.misses("dialog");
      await person.press("ArrowDown");
      await page.locator(".row[aria-selected=true]", { hasText: "other.txt" }).waitFor();
    });

    test("a text is edited, and nothing of anybody is lost", async () => {
      const folder = site().folder();
      const path = join(folder, "notes.txt");
      remote(path, "\ufeffone\r\ntwo\nthree\r\n");
      chmodSync(path, 0o640);
      await using person = await ChromiumPerson.start();
      const { page } = person;
      await person.logsIn(site(), folder);
      await person.click("row", /notes/, { count: 2 });
      await person.click("button", "Edit as text");
      const field = page.getByRole("textbox", { name: /^Text of “(notes|mine).txt”$/ });
      expect(await field.inputValue()).toBe("one\ntwo\nthree\n");
      expect(await field.evaluate((it: HTMLTextAreaElement) => it.selectionStart)).toBe(0);
      await field.fill("one\nnew\ntwo\nthree\n");
      await person.reads("Not saved");
      await expectAccessibleEverywhere(person);
      await person.press("Control+s");
      await person.reads("All is saved");
      expect(readFileSync(path, "utf8")).toBe("\ufeffone\r\nnew\r\ntwo\nthree\r\n");
      expect(statSync(path).mode & 0o777).toBe(0o640);

      // Somebody else, with as many bytes, in the same second.
      const theirs = "\ufeffone\r\nNEW\r\ntwo\nthree\r\n";
      writeFileSync(path, theirs);
      await field.fill("mine");
      await person.press("Control+s");
      await person.sees("dialog", "Somebody else has changed it");
      await person.click("button", "Look at theirs");
      await person.reads(/NEW/);
      await expectAccessibleEverywhere(person);
      await person.click("button", "Save under another name");
      await person.sees("textbox", "New name");
      await person.press("Enter");
      await person.reads(/There is something of that name/);
      await person.fill("New name", "mine.txt");
      await expectAccessible(person);
      await person.press("Enter");
      await person.sees("heading", "mine.txt");
      expect(readFileSync(join(folder, "mine.txt"), "utf8")).toBe("\ufeffmine");
      expect(readFileSync(path, "utf8")).toBe(theirs);

      // The link is lost: the text stays, and is saved when it is back.
      await field.fill("later");
      const { link } = site();
      if (link) link.accepting = false;
      link?.cut();
      await person.press("Control+s");
      await person.reads("Saving…");
      expect(await field.inputValue()).toBe("later");
      if (link) link.accepting = true;
      await person.reads("All is saved");
      expect(readFileSync(join(folder, "mine.txt"), "utf8")).toBe("\ufefflater");

      await field.fill("unsaved");
      await person.press("Escape");
      await person.sees("dialog", "Save the changes?");
      await person.click("button", "Go on editing");
      expect(await field.inputValue()).toBe("unsaved");
      await person.press("Escape");
      await person.click("button", "Discard");
      await person.misses("dialog");
      expect(readFileSync(join(folder, "mine.txt"), "utf8")).toBe("\ufefflater");
      await person.reads(/mine\.txt/);
      person.problems.splice(
        0,
        person.problems.length,
        ...person.problems.filter((it) => !/WebSocket/.test(it)),
      );
    });
  },
  { link: {} },
);
