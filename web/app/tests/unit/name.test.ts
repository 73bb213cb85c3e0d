/** Texts of other people. */

import { expect, test } from "vitest";
import { visible, visibleLines } from "../../src/text/name.ts";

test("what cannot be seen in a name is shown", () => {
  expect(visible("a\nb\u202ecod.exe\u001b[31m")).toBe("a␊b⟨U+202E⟩cod.exe␛[31m");
});

test("in a text of several lines the lines stay, whatever ends them, and nothing else is obeyed", () => {
  expect(visibleLines("one\r\ntwo\rthree\n\tfour\u0007\u200b\n\n")).toBe(
    "one\ntwo\nthree\n    four␇⟨U+200B⟩",
  );
});

test("fillers and tags, which have no picture either, can be told from nothing", () => {
  const names = ["a", "a\u3164", "a\uffa0", "a\u115f", "a\u180e", "a\u{e0041}", "a\u{e0100}"];
  expect(new Set(names.map(visible)).size).toBe(names.length);
  for (const name of names.map(visible)) expect(name).toMatch(/^a(⟨U\+[0-9A-F]+⟩)?$/);
});
