import { afterEach, describe, expect, test } from "vitest";
import { type Download, Downloads } from "../../src/service-worker/downloads.ts";
import { type DownloadScope, serveDownloads } from "../../src/service-worker/index.ts";
import { noise, sameBytes } from "../cases/assert.ts";
import { until } from "../support/process.ts";

const SCOPE = "https://app.example/files/";
const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** A service worker and its pages, without a browser. */
class Place implements DownloadScope {
  readonly registration = { scope: SCOPE, active: { postMessage: () => this.pings++ } };
  readonly pages: EventTarget[] = [];
  pings = 0;
  readonly #listeners = new Map<string, (event: unknown) => void>();
  readonly clients = {
    claim: async () => {},
    matchAll: async () =>
      this.pages.map((page) => ({
        url: SCOPE,
        postMessage(data: unknown, transfer: Transferable[]) {
          ports.push(...(transfer as MessagePort[]));
          page.dispatchEvent(Object.assign(new Event("message"), { data, ports: transfer }));
        },
      })),
  };

  constructor(options = {}) {
    serveDownloads(this, options);
  }

  addEventListener(type: string, listener: (event: unknown) => void) {
    this.#listeners.set(type, listener);
  }

  page(): Downloads {
    const page = Object.assign(new EventTarget(), { startMessages() {} });
    this.pages.push(page);
    return new Downloads(
      this.registration as unknown as ServiceWorkerRegistration,
      page as unknown as ServiceWorkerContainer,
    );
  }

  /** Nothing where the service worker leaves the request alone. */
  fetch(url: string, init?: RequestInit): Promise<Response> | undefined {
    let answer: Promise<Response> | undefined;
    const respondWith = (response: Promise<Response>) => {
      answer = response;
    };
    this.#listeners.get("fetch")?.({ request: new Request(url, init), respondWith });
    return answer;
  }
}

const content = noise(100_000);

function file(more: Partial<Download> = {}, counts = { pulls: 0, cancels: 0 }): Download {
  return {
    name: "file.bin",
    size: content.length,
    open(start, end = content.length) {
      let at = start;
      const stream = {
        pull(controller: ReadableStreamDefaultController) {
          counts.pulls++;
          const chunk = content.subarray(at, Math.min(end, at + 10_000));
          at += chunk.length;
          if (chunk.length) controller.enqueue(chunk);
          else controller.close();
        },
        cancel: () => void counts.cancels++,
      };
      return new ReadableStream(stream, { highWaterMark: 0 });
    },
    ...more,
  };
}

async function get(more: Partial<Download>, headers: Record<string, string> = {}, method = "GET") {
  const place = new Place();
  const { url } = place.page().offer(file(more));
  const response = await place.fetch(url, { headers, method });
  if (!response) throw new Error("no answer");
  return response;
}

const bytes = async (response: Response) => new Uint8Array(await response.arrayBuffer());

test("a file is answered whole, with its length and its name", async () => {
  const response = await get({});
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "accept-ranges": "bytes",
    "cache-control": "no-store",
    "content-disposition": "attachment; filename=\"file.bin\"; filename*=UTF-8''file.bin",
    "content-length": "100000",
    "content-security-policy": "sandbox; default-src 'none'",
    "content-type": "application/octet-stream",
    "cross-origin-resource-policy": "same-origin",
    etag: expect.stringMatching(/^"[0-9a-f-]{36}"$/),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  sameBytes(await bytes(response), content);
});

test("only requests for files on offer are answered", async () => {
  const place = new Place({ find: 50 });
  const offer = place.page().offer(file());
  place.page();
  expect(place.fetch("https://app.example/files/other")).toBeUndefined();
  expect((await place.fetch(`${offer.url}0`))?.status).toBe(404);
  expect((await place.fetch(offer.url, { method: "POST" }))?.status).toBe(405);
  expect((await place.fetch(offer.url))?.status).toBe(200);
  offer.revoke();
  expect((await place.fetch(offer.url))?.status).toBe(404);
});

test("a page that does not answer is not waited for without end", async () => {
  const place = new Place({ find: 50 });
  const { url } = place.page().offer(file());
  place.pages.push(new EventTarget());
  expect((await place.fetch(url))?.status).toBe(200);
  expect((await place.fetch(`${url}0`))?.status).toBe(404);
});

test("ids cannot be guessed", () => {
  const page = new Place().page();
  const urls = new Set(Array.from({ length: 100 }, () => page.offer(file()).url));
  expect(urls.size).toBe(100);
  for (const url of urls) expect(url).toMatch(/^https:\/\/app\.example\/files\/[a-z-]+\/[0-9a-f-]{36}$/);
});

describe("ranges", () => {
  test.each([
    ["bytes=0-99", 0, 100],
    ["bytes=99990-", 99_990, 100_000],
    ["bytes=-10", 99_990, 100_000],
    ["bytes=-200000", 0, 100_000],
    ["bytes=50000-999999", 50_000, 100_000],
    ["Bytes=5-5", 5, 6],
  ])("%s", async (range, start, end) => {
    const response = await get({}, { range });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/100000`);
    expect(response.headers.get("content-length")).toBe(String(end - start));
    sameBytes(await bytes(response), content.subarray(start, end));
  });

  test.each(["bytes=100000-", "bytes=200000-300000", "bytes=-0"])("%s is 416", async (range) => {
    const response = await get({}, { range });
    expect([response.status, response.headers.get("content-range")]).toEqual([416, "bytes */100000"]);
  });

  test.each(["bytes=9-1", "bytes=-", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b"])(
    "%s is passed over",
    async (range) => {
      expect((await get({}, { range })).status).toBe(200);
    },
  );

  test("If-Range with another validator gives the whole file", async () => {
    const place = new Place();
    const { url } = place.page().offer(file());
    const tag = (await place.fetch(url, { method: "HEAD" }))?.headers.get("etag") ?? "";
    for (const [validator, status] of [
      [tag, 206],
      ['"other"', 200],
      [`W/${tag}`, 200],
      ["Tue, 14 Nov 2023 22:13:20 GMT", 200],
    ] as const) {
      const headers = { range: "bytes=0-1", "if-range": validator };
      expect((await place.fetch(url, { headers }))?.status).toBe(status);
    }
  });

  test("there are none where the size is not known", async () => {
    const response = await get({ size: undefined }, { range: "bytes=0-1" });
    expect([response.status, response.headers.get("accept-ranges")]).toEqual([200, null]);
    sameBytes(await bytes(response), content);
  });
});

test("HEAD tells the same, and opens nothing", async () => {
  let opened = false;
  const open = () => {
    opened = true;
    return new ReadableStream();
  };
  const response = await get({ open }, {}, "HEAD");
  expect([response.status, response.headers.get("content-length"), response.body]).toEqual([
    200,
    "100000",
    null,
  ]);
  expect(opened).toBe(false);
});

test("a stream, and an empty file", async () => {
  expect(await bytes(await get({ size: 3, open: () => new Blob(["abc"]).stream() }))).toEqual(
    new TextEncoder().encode("abc"),
  );
  expect((await bytes(await get({ size: 0, open: () => new Blob([]).stream() }))).length).toBe(0);
});

test.each([
  ['a"b\\c/d', 'filename="a_b_c_d"', "a_b_c_d"],
  ["x\r\nSet-Cookie: a=b", 'filename="x__Set-Cookie: a=b"', "x__Set-Cookie%3A%20a%3Db"],
  ["\u202egpj.exe", 'filename="_gpj.exe"', "_gpj.exe"],
  ["naïve 日本.txt", 'filename="na_ve __.txt"', "na%C3%AFve%20%E6%97%A5%E6%9C%AC.txt"],
  ["(it's)*100%.txt", 'filename="(it\'s)*100_.txt"', "%28it%27s%29%2a100%25.txt"],
  ["\ud800.txt", 'filename="_.txt"', "_.txt"],
  ["..", 'filename="download"', "download"],
  ["", 'filename="download"', "download"],
])("the name %j is made harmless", async (name, plain, encoded) => {
  const { headers } = await get({ name });
  expect(headers.get("content-disposition")).toBe(`attachment; ${plain}; filename*=UTF-8''${encoded}`);
});

test("only what cannot run is shown", async () => {
  const answer = async (type: string) => {
    const { headers } = await get({ type, inline: true });
    return [headers.get("content-disposition")?.split(";")[0], headers.get("content-type")];
  };
  for (const type of ["image/png", "image/jpeg", "audio/mpeg", "video/mp4", "application/pdf"])
    expect(await answer(type)).toEqual(["inline", type]);
  expect(await answer("text/plain;charset=utf-16")).toEqual(["inline", "text/plain; charset=utf-8"]);
  for (const type of [
    "text/html",
    "image/svg+xml",
    "IMAGE/SVG+XML; x",
    "text/xml",
    "application/xhtml+xml",
    "video/x+xml",
    "text/css",
    "text/javascript",
    "",
    "image/png\r\nX: y",
    "application/pdfx",
    "*/*",
  ])
    expect(await answer(type)).toEqual(["attachment", "application/octet-stream"]);
});

test("nothing is pulled that nobody reads, and a cancellation ends the source", async () => {
  const counts = { pulls: 0, cancels: 0 };
  const response = await get(file({}, counts));
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.read();
  await until("what is read ahead", () => counts.pulls === 3);
  await reader?.cancel();
  await until("the cancellation", () => counts.cancels);
  expect(counts.pulls).toBe(3);
});

test.each([
  ["too short", -1],
  ["too long", 1],
])("a source that is %s fails the response", async (_, by) => {
  const response = await get({ size: content.length - by, open: () => new Blob([content]).stream() });
  await expect(bytes(response)).rejects.toThrow();
});

test("what the source fails with fails the response", async () => {
  for (const why of [new Error("the server refused"), "the server refused", "", "ping"]) {
    const pull = () => Promise.reject(why);
    const open = () => new ReadableStream({ pull }, { highWaterMark: 0 });
    await expect(bytes(await get({ open }))).rejects.toThrow(typeof why === "string" ? why : why.message);
    await expect(bytes(await get({ open, size: undefined }))).rejects.toThrow();
  }
  const open = () => {
    throw new Error("no such file");
  };
  await expect(bytes(await get({ open }))).rejects.toThrow("no such file");
});

test("revoking ends what is running", async () => {
  const place = new Place();
  let cancelled = false;
  const cancel = () => {
    cancelled = true;
  };
  const offer = place
    .page()
    .offer(file({ open: () => new ReadableStream({ pull: () => new Promise(() => {}), cancel }) }));
  const response = await place.fetch(offer.url);
  const reading = response && bytes(response);
  const failed = expect(reading).rejects.toThrow();
  await new Promise((resolve) => setTimeout(resolve, 20));
  offer.revoke();
  await failed;
  expect(cancelled).toBe(true);
});

test("a page that is gone fails the response; one that is slow does not", async () => {
  const place = new Place({ ping: 20 });
  const pull = () => new Promise<void>(() => {});
  const { url } = place.page().offer(file({ open: () => new ReadableStream({ pull }) }));
  const alive = await place.fetch(url);
  let failed = false;
  alive?.arrayBuffer().catch(() => {
    failed = true;
  });
  await until("some pings", () => place.pings > 8);
  expect(failed).toBe(false);
  const silent = new EventTarget();
  silent.addEventListener("message", (event) => {
    (event as MessageEvent).ports[0]?.postMessage({ name: "x", size: 1 });
  });
  place.pages.splice(0, 1, silent);
  const response = await place.fetch(`${SCOPE}sftpbridge-download/x`);
  await expect(response?.arrayBuffer()).rejects.toThrow("the page is gone");
});

test("a source may give empty chunks", async () => {
  const open = () =>
    new ReadableStream({
      start(controller) {
        for (const chunk of [[], [1], [], [], [2, 3], []]) controller.enqueue(Uint8Array.from(chunk));
        controller.close();
      },
    });
  for (const size of [3, undefined]) expect([...(await bytes(await get({ size, open })))]).toEqual([1, 2, 3]);
});

test("what is no bytes fails the response", async () => {
  for (const chunk of ["text", 5, {}] as never[]) {
    const open = () => new ReadableStream({ pull: (to) => to.enqueue(chunk) });
    await expect(bytes(await get({ open }))).rejects.toThrow();
  }
});

test("closing revokes everything, and hears nothing more", async () => {
  const place = new Place({ find: 20 });
  const page = place.page();
  const urls = [page.offer(file()), page.offer(file())].map(({ url }) => url);
  page.close();
  for (const url of urls) expect((await place.fetch(url))?.status).toBe(404);
});

test("one file has so many requests at once, and no more", async () => {
  const place = new Place();
  const { url, revoke } = place.page().offer(file());
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async () => (await place.fetch(url))?.status),
  );
  expect(statuses.filter((status) => status === 200).length).toBe(16);
  revoke();
});
