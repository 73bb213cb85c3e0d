/** The page as a part of a site, below `listen.base_path`: with passwords, and with single sign-on at a real provider. */

import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freePort } from "../../../client/tests/support/process.ts";
import { testUser } from "../../../client/tests/support/user.ts";
import { inBrowsers } from "../support/browsers.ts";
import { ChromiumPerson } from "../support/chromium.ts";
import { Provider } from "../support/provider.ts";
import { saves } from "../support/saved.ts";
import { Site } from "../support/site.ts";
import { Tree } from "../support/trees.ts";

const BASE = "/team/files";
const { name: user, password } = testUser();

inBrowsers(
  ["chromium", "firefox"],
  ({ site, start }) => {
    test("below a path the page logs in, lists, saves, uploads, and is there again after a reload", async () => {
      const folder = site().folder();
      const inner = join(folder, "deep <ü>");
      mkdirSync(inner, { mode: 0o777 });
      const content = randomBytes(1 << 20);
      writeFileSync(join(inner, "film.bin"), content);
      using tree = new Tree();
      await using person = await start();
      expect(new URL(site().url).pathname).toBe(`${BASE}/`);
      await person.logsIn(site(), folder);
      await person.picks([tree.file("new.txt", "new")], "button", "Upload files");
      await person.sees("row", /new\.txt/);
      expect(readFileSync(join(folder, "new.txt"), "utf8")).toBe("new");

      await person.click("row", /deep/, { count: 2 });
      await person.click("row", /film/);
      const saved = await saves(person, () => person.click("button", "Download"));
      expect(readFileSync(saved.path).equals(content)).toBe(true);
      const scope = await person.evaluate(
        async () => (await navigator.serviceWorker.getRegistration())?.scope,
        undefined,
      );
      expect(scope).toBe(site().url);

      const link = await person.evaluate(() => location.href, undefined);
      expect(link).toBe(`${site().url}#${folder}/deep%20%3C%C3%BC%3E`);
      await person.reload();
      await person.sees("row", /film/);
      await person.open(link);
      await person.sees("row", /film/);
    });
  },
  { basePath: BASE },
);

const SECRET = "client-secret-0123456789abcdefghijklmnopqrs";

interface SignOn extends AsyncDisposable {
  readonly site: Site;
  readonly provider: Provider;
}

/** A bridge with a password of its own for the server, that knows people by a provider. */
async function signOnSite(): Promise<SignOn> {
  const port = await freePort();
  const redirect = `http://127.0.0.1:${port}${BASE}/auth/callback`;
  const client = { client_id: "bridge", client_secret: SECRET, redirect_uris: [redirect] };
  const provider = await Provider.start([client]);
  const folder = mkdtempSync(join(tmpdir(), "sftpbridge-sign-on-"));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return JSON.stringify(join(folder, name));
  };
  const site = await Site.start({
    port,
    basePath: BASE,
    upstream: `credentials = "password"\npassword_file = ${file("password", password)}\nuser = "${user}"`,
    more: `[identity.oidc]
issuer = "${provider.issuer}"
client_id = "bridge"
client_secret_file = ${file("secret", SECRET)}
redirect_url = "${redirect}"
cookie_key_file = ${file("key", randomBytes(32).toString("hex"))}`,
  });
  const end = async () => {
    await site[Symbol.asyncDispose]();
    await provider[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  };
  return { site, provider, [Symbol.asyncDispose]: end };
}

test("single sign-on at a real provider leads back to the same folder, and ends", async () => {
  await using signOn = await signOnSite();
  const { site, provider } = signOn;
  const folder = site.folder();
  mkdirSync(join(folder, "photos"));
  await using person = await ChromiumPerson.start();
  await person.open(`${site.url}#${folder}`);
  await person.click("link", /^Sign in by/);
  await provider.signsIn(person, "ann");
  await person.sees("row", /photos/);
  expect(await person.evaluate(() => location.href, undefined)).toBe(`${site.url}#${folder}`);
  expect(site.bridge.log).toMatch(/user=\S*ann/);
  await person.reload();
  await person.sees("row", /photos/);
  await person.click("button", /^Account/);
  await person.click("menuitem", "Log out and sign out");
  await person.sees("link", /^Sign in by/);
  // The bridge does not know the person any more.
  await person.reload();
  await person.sees("link", /^Sign in by/);
  // Forms of the provider want fonts of the internet.
  const theirs = (problem: string) =>
    problem.includes(provider.issuer) || /ERR_(NAME|INTERNET)/.test(problem);
  person.problems.splice(0, person.problems.length, ...person.problems.filter((it) => !theirs(it)));
});
