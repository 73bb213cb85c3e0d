/** The rules of the house that a compiler does not know. */

import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { isCode, nodesOf, type Source, sourcesIn } from "../support/sources.ts";

const sources = sourcesIn("src");
const everything = [...sources, ...sourcesIn("tests")];
const styles = sources.filter(({ name }) => name.endsWith(".css"));
const isDictionary = ({ name }: Source) => name.endsWith("words.ts");

/** From the bottom up; docs/architecture.md has the same. */
const ROOMS = [
  ["style"],
  ["text"],
  ["ui"],
  ["session"],
  ["login", "files"],
  ["actions", "transfers"],
  ["downloads"],
  ["preview"],
  ["app"],
];
/** What belongs to `app` by its place, and that all rooms are made for. The first two as types. */
const CONTRACTS = ["src/app/commands.ts", "src/app/workspace.ts", "src/app/context.ts"];

const roomOf = (name: string) => /^src\/([^/]+)\//.exec(name)?.[1];
/** The top of all is the page's beginning, which has no room. */
const floor = (name: string) => {
  const room = roomOf(name);
  return room === undefined ? ROOMS.length : ROOMS.findIndex((rooms) => rooms.includes(room));
};

const documentation = (page: string) =>
  readFileSync(new URL(`../../../../docs/${page}`, import.meta.url), "utf8");

const namesOf = (list: readonly Source[]) => list.map(({ name }) => name);

test("no file is longer than 400 lines", () => {
  expect(namesOf(everything.filter(({ text }) => text.split("\n").length > 401))).toEqual([]);
});

test("each module says at its top what it is for, but for dictionaries", () => {
  const silent = everything.filter(
    (source) => isCode(source) && !isDictionary(source) && !source.text.startsWith("/**"),
  );
  expect(namesOf(silent)).toEqual([]);
});

test("there are sources, and each is in a room", () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(namesOf(sources.filter(({ name }) => floor(name) < 0))).toEqual([]);
});

test("imports point down, but for what all rooms share of `app`", () => {
  const wrong = sources.flatMap((source) =>
    importsOf(source)
      .filter(({ target, isType }) => !mayImport(source.name, target, isType))
      .map(({ target }) => `${source.name} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

/** Of other files of the page, static and dynamic. */
const importsOf = ({ name, text }: Source) =>
  [...text.matchAll(/(import type [^;"]*)?(?:from |import |import\()"(\.[^"?]+)/g)].map(
    ([, type = "", path = ""]) => ({ target: join(dirname(name), path), isType: type !== "" }),
  );

function mayImport(from: string, target: string, isType: boolean): boolean {
  if (roomOf(from) === roomOf(target) || floor(target) < floor(from)) return true;
  return CONTRACTS.includes(target) && (isType || target === CONTRACTS.at(-1));
}

test("the table in docs/architecture.md has these rooms", () => {
  const page = documentation("architecture.md");
  const table = page.split("\n## The page\n")[1]?.split("\n## ")[0] ?? "";
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const rooms = rows.map((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, room]) => room),
  );
  expect(rooms).toEqual(ROOMS);
});

test("each word of each dictionary is used", () => {
  // Some are looked up by a code: of the library, or of the protocol.
  const modules = [...sources, ...sourcesIn("../client/src")].filter(
    (source) => isCode(source) && !isDictionary(source),
  );
  const said = (node: ts.Node) => (ts.isIdentifier(node) || ts.isStringLiteral(node) ? [node.text] : []);
  const codes = [...documentation("protocol.md").matchAll(/`([a-z-]+)`/g)].map(([, code = ""]) => code);
  const used = new Set([...modules.flatMap(nodesOf).flatMap(said), ...codes]);
  const unused = sources.filter(isDictionary).flatMap((source) =>
    wordsOf(source)
      .filter((word) => !used.has(word))
      .map((word) => `${source.name}: ${word}`),
  );
  expect(unused).toEqual([]);
});

/** In a group of them, the group. */
function wordsOf(source: Source): string[] {
  const english = nodesOf(source)
    .filter(ts.isPropertyAssignment)
    .filter(({ name }) => name.getText() === "en")
    .map(({ initializer }) => initializer);
  return english
    .filter(ts.isObjectLiteralExpression)
    .flatMap(({ properties }) =>
      properties.flatMap(({ name }) => (name && ts.isIdentifier(name) ? [name.text] : [])),
    );
}

/** Attributes that people see or hear. */
const SPOKEN =
  /^(aria-(label|description|roledescription|valuetext|placeholder)|title|placeholder|alt|label)$/;
/** Functions that show what they are given. */
const SAYING = ["say", "fail"];

/** Text that people would read in one language only. */
function spokenLiterals(source: Source): string[] {
  const isText = (node: ts.Node | undefined): node is ts.Node =>
    node !== undefined &&
    (ts.isStringLiteral(node) || ts.isTemplateLiteral(node)) &&
    /\p{L}/u.test(node.getText().replaceAll(/\$\{[^}]*\}/g, ""));
  const inside = (node: ts.Node | undefined) => (node && ts.isJsxExpression(node) ? node.expression : node);
  return nodesOf(source)
    .filter((node) => {
      if (ts.isJsxText(node)) return /\p{L}/u.test(node.text);
      if (ts.isJsxExpression(node)) return !ts.isJsxAttribute(node.parent) && isText(node.expression);
      if (ts.isJsxAttribute(node))
        return SPOKEN.test(node.name.getText()) && isText(inside(node.initializer));
      if (ts.isPropertyAssignment(node)) return SPOKEN.test(node.name.getText()) && isText(node.initializer);
      return (
        ts.isCallExpression(node) && SAYING.includes(node.expression.getText()) && isText(node.arguments[0])
      );
    })
    .map((node) => `${source.name}: ${node.getText().trim()}`);
}

test("what people read is in dictionaries", () => {
  const tsx = {
    name: "a.tsx",
    text: 'const a = <b title="Some">words<c aria-label={`Other`} /> {"more"}</b>;',
  };
  expect(spokenLiterals(tsx)).toHaveLength(4);
  expect(sources.filter((source) => isCode(source) && !isDictionary(source)).flatMap(spokenLiterals)).toEqual(
    [],
  );
});

/** Declarations of a style sheet: property and value. */
const declarations = ({ name, text }: Source) =>
  [...text.replaceAll(/\/\*.*?\*\//gs, "").matchAll(/([\w-]+):\s*([^;{}]+);/g)].map(
    ([whole, property = "", value = ""]) => ({ at: `${relative("src", name)}: ${whole}`, property, value }),
  );

test("colours are tokens", () => {
  const COLOUR =
    /#[\da-f]{3,8}\b|\b(rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\(|(^|\s)(white|black|red|gr[ae]y)(\s|$)/i;
  const wrong = styles
    .filter(({ name }) => name !== "src/style/tokens.css")
    .flatMap(declarations)
    .filter(({ value }) => COLOUR.test(value));
  expect(wrong.map(({ at }) => at)).toEqual([]);
});

test("styles go by the direction of the text, not by left and right", () => {
  const SIDE = /(^|-)(left|right)(-|$)/;
  const wrong = styles
    .flatMap(declarations)
    .filter(({ property, value }) => SIDE.test(property) || /^(left|right)$/.test(value.trim()));
  expect(wrong.map(({ at }) => at)).toEqual([]);
});
