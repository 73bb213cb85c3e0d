/** The page in a frame of another site: where `page.frame_ancestors` names that site, and where it does not. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testUser } from "../../../client/tests/support/user.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { Site } from "../support/site.ts";

let site: Site;

/** A page with nothing but the frame, at an origin of its own. */
const framing = createServer((_, response) =>
  response
    .setHeader("Content-Type", "text/html")
    .end(
      `<!doctype html><title>Intranet</title><iframe src="${site.url}" width="900" height="600"></iframe>`,
    ),
);
/** `127.0.0.1` is named, `localhost` is not: they are two origins. */
const at = (host: string) => `http://${host}:${(framing.address() as AddressInfo).port}`;

beforeAll(async () => {
  await new Promise<void>((resolve) => framing.listen(0, resolve));
  site = await Site.start({ more: `[page]\nframe_ancestors = ["${at("127.0.0.1")}"]` });
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  framing.closeAllConnections();
  await new Promise((resolve) => framing.close(resolve));
});

test("people work with their files in the frame of a site that may", async () => {
  const { name, password } = testUser();
  await using person = await ChromiumPerson.start();
  await person.open(at("127.0.0.1"));
  const frame = person.page.frameLocator("iframe");
  await frame.getByLabel("User", { exact: true }).fill(name);
  await frame.getByLabel("Password", { exact: true }).fill(password);
  await frame.getByRole("button", { name: "Log in", exact: true }).click();
  await frame.getByRole("grid").waitFor();
  // The browser leaves the focus where the person is, which is right, and says so.
  expect(person.problems.filter((problem) => !/Blocked autofocusing/.test(problem))).toEqual([]);
  person.problems.length = 0;
});

test("the frame of another site stays empty", async () => {
  await using person = await ChromiumPerson.start();
  await person.open(at("localhost"));
  await expect.poll(() => person.problems.join("\n"), { timeout: 15_000 }).toMatch(/frame-ancestors/);
  expect(await person.page.frameLocator("iframe").getByRole("textbox").count()).toBe(0);
  person.problems.length = 0;
});
