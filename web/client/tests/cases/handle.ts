/** Cases: reading and writing by an open file. */

import { SftpError } from "../../src/index.ts";
import { equal, fails, noise, rejected, sameBytes } from "./assert.ts";
import { type Case, put, withClient } from "./case.ts";

export const handleCases: Case[] = [
  withClient("bytes and Blobs are written, and read back the same", async (client, { folder }) => {
    const content = noise(100_000);
    const file = await client.open(`${folder}/file`, { write: true, create: true });
    await file.write(0, content.slice(0, 30_000));
    await file.write(30_000, new Blob([content]).slice(30_000, 60_000));
    await file.write(60_000, content.subarray(60_000, 90_000));
    await file.write(90_000, new File([content.slice(90_000)], "name"));
    equal((await file.stat()).size, 100_000);
    await file.close();
    const again = await client.open(`${folder}/file`);
    const read = new Uint8Array(content.length);
    for (let at = 0; at < read.length; ) {
      const piece = await again.read(at, 32_768);
      read.set(piece, at);
      at += piece.length;
    }
    sameBytes(read, content);
    equal((await again.read(content.length, 100)).length, 0, "bytes behind the end");
    await again.close();
  }),
  withClient("64 writes in flight, in any order, make one file", async (client, { folder }) => {
    const content = noise(64 * 16_384, 7);
    const file = await client.open(`${folder}/file`, { write: true, create: true });
    const order = Array.from({ length: 64 }, (_, index) => (index * 37) % 64);
    await Promise.all(
      order.map((index) => file.write(index * 16_384, content.slice(index * 16_384, (index + 1) * 16_384))),
    );
    await file.close();
    const again = await client.open(`${folder}/file`);
    const pieces = await Promise.all(order.map((index) => again.read(index * 16_384, 16_384)));
    for (const [at, index] of order.entries())
      sameBytes(pieces[at] ?? new Uint8Array(), content.subarray(index * 16_384, (index + 1) * 16_384));
    await again.close();
  }),
  withClient("offsets beyond 4 GiB and beyond 2^40 are exact", async (client, { folder }) => {
    const file = await client.open(`${folder}/sparse`, { write: true, create: true });
    for (const offset of [2 ** 32 - 1, 2 ** 32 + 1, 2 ** 40 + 3]) await file.write(offset, noise(2, offset));
    equal((await file.stat()).size, 2 ** 40 + 5);
    await file.close();
    const again = await client.open(`${folder}/sparse`);
    for (const offset of [2 ** 32 - 1, 2 ** 32 + 1, 2 ** 40 + 3])
      sameBytes(await again.read(offset, 2), noise(2, offset));
    await fails(again.read(2 ** 53, 1), RangeError);
    await fails(again.read(-1, 1), RangeError);
    await again.close();
  }),
  withClient(
    "a file that is closed reads no more, and truncation and exclusion hold",
    async (client, { folder }) => {
      await put(client, `${folder}/file`, "long content");
      const exclusive = { write: true, create: true, exclusive: true };
      await fails(client.open(`${folder}/file`, exclusive), SftpError);
      await put(client, `${folder}/file`, "short");
      equal((await client.stat(`${folder}/file`)).size, 5);
      const file = await client.open(`${folder}/file`);
      await file.close();
      await rejected(file.read(0, 1));
    },
  ),
];
