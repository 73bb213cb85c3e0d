/** Deep links: whatever a path is made of, its link leads back to it. */

import fc from "fast-check";
import { join, type SftpPath } from "sftpbridge-client";
import { expect, test } from "vitest";
import { ancestors, entryTowards, formatPlace, nameOf, parentOf, parsePlace } from "../../src/files/place.ts";

const text = (path: SftpPath) => (typeof path === "string" ? path : new TextDecoder("latin1").decode(path));
const bytesOf = (path: SftpPath) => (typeof path === "string" ? new TextEncoder().encode(path) : path);

const names = fc
  .oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("a:b", "%41", "#?&", "\u202e.gpj", "\ufeffname", "..", "ü"),
  )
  .map((name) => name.replaceAll(/[/\0]|\p{Cs}/gu, "_"))
  .filter((name) => name !== "");
const paths = fc.array(names).map((parts) => `/${parts.join("/")}`);
/** Of any bytes. */
const rawPaths = fc
  .array(
    fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((name) => name.map((byte) => (byte === 0x2f ? 0xff : byte))),
  )
  .map((parts) =>
    Uint8Array.from([0x2f, ...parts.flatMap((part, index) => (index ? [0x2f, ...part] : [...part]))]),
  );
const anyPaths: fc.Arbitrary<SftpPath> = fc.oneof(paths, rawPaths);
const upstreams = fc.option(fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/), { nil: undefined });

test("a link leads back to the place", () => {
  fc.assert(
    fc.property(upstreams, anyPaths, (upstream, path) => {
      const link = formatPlace({ upstream, path });
      const place = parsePlace(link);
      expect(place.upstream).toBe(upstream);
      expect([...bytesOf(place.path ?? "")]).toEqual([...bytesOf(path)]);
      // As the address bar would have it, too: a link is ASCII.
      expect(link).toMatch(/^[!-~]*$/);
    }),
  );
});

test("without a path it is the home directory, perhaps of another server", () => {
  expect(parsePlace("")).toEqual({ upstream: undefined, path: undefined });
  expect(parsePlace("#archive:")).toEqual({ upstream: "archive", path: undefined });
  expect(parsePlace("#/a%2Fb%")).toMatchObject({ upstream: undefined });
});

test("breadcrumbs end at the path, and each one is the parent of the next", () => {
  fc.assert(
    fc.property(anyPaths, (path) => {
      const way = ancestors(path);
      expect(text(way[0]?.path ?? "")).toBe("/");
      expect([...bytesOf(way.at(-1)?.path ?? "")]).toEqual([...bytesOf(path)]);
      for (const [index, crumb] of way.entries())
        if (index)
          expect([...bytesOf(parentOf(crumb.path))]).toEqual([...bytesOf(way[index - 1]?.path ?? "")]);
    }),
  );
});

test("an entry leads from its directory towards what is below it, by its bytes", () => {
  fc.assert(
    fc.property(anyPaths, anyPaths, (directory, below) => {
      const name = nameOf(below);
      if (name.name === "/") return;
      const path = join(directory, name);
      const towards = entryTowards(directory, path);
      expect(towards && [...bytesOf(join(directory, towards))]).toEqual([...bytesOf(path)]);
      expect(entryTowards(path, directory)).toBeUndefined();
    }),
  );
});
