/** Cases: names as hostile as a server may have them. */

import { equal } from "./assert.ts";
import { type Case, put, withClient } from "./case.ts";

const NAMES = [
  "naïve – 日本語 🐘",
  "two\nlines\r\ttab",
  "\u202egpj.exe",
  "مرحبا",
  '<img src=x onerror="document.title=1">',
  "&amp; ' \" ` $(reboot) ; | * ? \\",
  " ",
  "-rf",
  "...",
  "%2e%2e%2f",
  "\u0001\u001b[31m\u007f",
  "e\u0301",
  "é",
  "__proto__",
  "constructor",
];

export const nameCases: Case[] = [
  withClient(
    "hostile names are listed, opened, renamed and removed as they are",
    async (client, { folder }) => {
      for (const [size, name] of NAMES.entries()) await put(client, `${folder}/${name}`, "x".repeat(size));
      const entries = await client.readdir(folder);
      equal(entries.map(({ name }) => name).sort(), [...NAMES].sort());
      for (const { name, attributes } of entries) {
        equal(attributes.size, NAMES.indexOf(name), name);
        equal((await client.stat(`${folder}/${name}`)).size, NAMES.indexOf(name), name);
        await client.rename(`${folder}/${name}`, `${folder}/${name}~`);
        await client.unlink(`${folder}/${name}~`);
      }
      equal(await client.readdir(folder), []);
    },
  ),
  withClient("a name that is not UTF-8 keeps its bytes", async (client, { folder }) => {
    const path = new Uint8Array([...new TextEncoder().encode(`${folder}/caf`), 0xe9]);
    await client.mkdir(path);
    const [entry] = await client.readdir(folder);
    equal(entry?.name, "caf\ufffd");
    equal([...(entry?.rawName ?? [])], [0x63, 0x61, 0x66, 0xe9]);
    await client.rmdir(path);
  }),
  withClient("realpath gives the path back, whatever is in it", async (client, { folder }) => {
    await client.mkdir(`${folder}/ü\n`);
    equal(await client.realpath(`${folder}/ü\n/../ü\n/.`), `${folder}/ü\n`);
  }),
];
