/** Texts as bytes and back, and what files are taken for. */

import { expect, test } from "vitest";
import { kindOf } from "../../src/preview/kind.ts";
import { decode, encode, forEditing, withEnds } from "../../src/preview/text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (it) => it.charCodeAt(0));

test.each([
  ["a\nb\n", "a\nb\nc\n", "a\nb\nc\n"],
  ["a\r\nb\r\n", "a\nx\nb\n", "a\r\nx\r\nb\r\n"],
  ["a\r\nb\nc\r\nd", "a\nb\nnew\nc\nd", "a\r\nb\nnew\r\nc\r\nd"],
  ["a\r\nb\nc", "a\nb\nc", "a\r\nb\nc"],
  ["a\rb\r", "a\nb\n", "a\rb\r"],
  ["a\r\nb", "a\nb\n", "a\r\nb\r\n"],
  ["a\r\n", "a", "a"],
  ["", "a\nb", "a\nb"],
  ["a\r\n\r\n\r\nb\n", "a\n\n\nb\n", "a\r\n\r\n\r\nb\n"],
])("%j that is edited to %j is written as %j", (before, edited, after) => {
  expect(withEnds(edited, before)).toBe(after);
  expect(withEnds(forEditing(before), before)).toBe(before);
});

test.each([
  [bytes("ü€"), "ü€", "utf-8", false],
  [bytes("\ufeffü"), "ü", "utf-8", true],
  [latin1("\xe4"), "ä", "windows-1252", false],
  [latin1("\xff\xfea\0"), "a", "utf-16le", true],
  [latin1("\xfe\xff\0a"), "a", "utf-16be", true],
])("%j is decoded", (given, text, encoding, mark) => {
  expect(decode(given, true)).toEqual({ text, encoding, mark });
  if (encoding === "utf-8") expect(encode(text, mark)).toEqual(given);
});

test("a character that is cut in two is left out, and is no other encoding", () => {
  expect(decode(bytes("aü").slice(0, 2), false)).toEqual({ text: "a", encoding: "utf-8", mark: false });
});

test.each([
  ["a.html", bytes("<!doctype html>"), "text"],
  ["a.svg", bytes("<svg onload=alert(1)>"), "text"],
  ["a.png", bytes("<svg onload=alert(1)>"), "text"],
  ["a.mp4", bytes("<html>"), "text"],
  ["a.html", latin1("\x89PNG\r\n\x1a\n\0"), "image"],
  ["a.txt", latin1("\xff\xd8\xff\xe0\0"), "image"],
  ["a", bytes("%PDF-1.7"), "pdf"],
  ["a.pdf", latin1("\0\x01"), "other"],
  ["a.MP3", latin1("ID3\x04\0"), "audio"],
  ["a.b.webm", latin1("\x1a\x45\xdf\xa3\0"), "video"],
  ["Makefile", bytes(""), "text"],
])("%s is shown by what is in it", (name, head, kind) => {
  expect(kindOf(name, head).kind).toBe(kind);
});
