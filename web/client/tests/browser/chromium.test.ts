import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { Chromium, type ChromiumPage } from "../support/chromium.ts";
import { until } from "../support/process.ts";
import { largeFile } from "./large.ts";
import { onePage, runCases, runFetches, runKeyCases, runRemoteCases, share } from "./suite.ts";

const shared = share(() => Chromium.start(), ["page.ts", "session.worker.ts", "service.worker.ts"]);

runCases(shared);
runRemoteCases(shared);
runKeyCases(shared);
runFetches(shared);

describe("downloads", () => {
  const held = onePage<ChromiumPage>(() => shared.browser.open(shared.pages.page(shared.place.bridge.url)));

  async function begin(url: unknown) {
    const [download] = await Promise.all([
      held.page.page.waitForEvent("download"),
      held.page.call("follow", url),
    ]);
    return download;
  }

  it("the browser saves a file of 300 MiB, whole", async () => {
    const env = shared.place.env();
    const { path, sha256 } = await largeFile(env.folder, 300);
    const url = await held.page.call("offerFile", env, path, { name: 'a "quoted" naïve 日本\n.bin' });
    const download = await begin(url);
    const hash = createHash("sha256");
    await pipeline(createReadStream(await download.path()), hash);
    expect(hash.digest("hex")).toBe(sha256);
    expect(download.suggestedFilename()).toMatch(/^a _quoted_ naïve 日本_\.bin$/);
  });

  it("cancelling in the browser stops what is read within a second", async () => {
    const env = shared.place.env();
    const { path } = await largeFile(env.folder, 300);
    const pulled = async () => (await held.page.call("pulled")) as number;
    const before = await pulled();
    const download = await begin(await held.page.call("offerFile", env, path, { name: "x.bin" }));
    await until("the first bytes", async () => (await pulled()) > before);
    await download.cancel();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const after = await pulled();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await pulled()).toBe(after);
    expect(after - before).toBeLessThan(314_572_800);
  });

  it.each(["<img src=x onerror=alert(1)>.html", "..", "\u202egpj.exe", "con\u0000trol", "/etc/passwd"])(
    "a file of the name %j is saved under a harmless one",
    async (name) => {
      const url = await held.page.call("offerText", "<script>1</script>", {
        name,
        type: "text/html",
        inline: true,
      });
      const download = await begin(url);
      expect(await download.failure()).toBe(null);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the claim
      expect(download.suggestedFilename()).not.toMatch(/[\u0000-\u001f/\\\u202e]|^\.*$/);
    },
  );

  it("a PDF is shown, under the policy of every other file", async () => {
    const url = await held.page.call("offerText", RED_PAGE, {
      name: "a.pdf",
      type: "application/pdf",
      inline: true,
    });
    await held.page.call("frame", url);
    await until("the page that is all red", async () => (await red(held.page)) > 10_000);
  });

  it("a restart of the service worker fails what is running, and the next request is answered", async () => {
    const env = shared.place.env();
    const { path } = await largeFile(env.folder, 300);
    const url = await held.page.call("offerFile", env, path, { name: "x.bin", remote: true });
    const before = (await held.page.call("pulled")) as number;
    const running = (held.page.call("fetchText", url) as Promise<{ text: string }>).then(
      ({ text }) => `whole: ${text.length}`,
      () => "failed",
    );
    await until("the first bytes", async () => ((await held.page.call("pulled")) as number) > before);
    const cdp = await held.page.page.context().newCDPSession(held.page.page);
    const stopped = new Promise<void>((resolve) => {
      cdp.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
        if (versions.some(({ runningStatus }) => runningStatus === "stopped")) resolve();
      });
    });
    await cdp.send("ServiceWorker.enable");
    await cdp.send("ServiceWorker.stopAllWorkers");
    await stopped;
    expect(await running).toBe("failed");
    const part = (await held.page.call("fetchText", url, { Range: "bytes=300000000-300000009" })) as {
      status: number;
      text: string;
    };
    expect(part.status).toBe(206);
    await held.page.call("revokeAll");
    held.page.problems.length = 0;
  });
});

/** One page of 300 by 300, filled with red. */
const RED_PAGE = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R>>endobj
4 0 obj<</Length 26>>stream
1 0 0 rg 0 0 300 300 re f
endstream endobj
trailer<</Root 1 0 R>>
`;

/** How many pixels of what the page shows are red. */
async function red({ page }: ChromiumPage): Promise<number> {
  const shot = (await page.screenshot()).toString("base64");
  const other = await page.context().newPage();
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
