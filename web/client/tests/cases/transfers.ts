/** Cases: whole files and whole directories. */

import { TransferError } from "../../src/index.ts";
import { equal, fails, noise, ok, rejected, sameBytes } from "./assert.ts";
import { type Case, put, withClient } from "./case.ts";

const bytesOf = async (blob: Blob | undefined) => new Uint8Array(await (blob ?? new Blob()).arrayBuffer());

export const transferCases: Case[] = [
  withClient("a Blob is uploaded, and downloaded as a Blob", async (client, { folder }) => {
    const content = noise(3_000_001);
    const upload = client.upload(new Blob([content]), `${folder}/file`);
    equal((await upload).bytes, content.length);
    equal([upload.progress.state, upload.progress.bytes], ["done", content.length]);
    sameBytes(await bytesOf((await client.download(`${folder}/file`)).blob), content);
    equal(
      (await client.readdir(folder)).map(({ name }) => name),
      ["file"],
    );
  }),
  withClient("a stream is uploaded, and read as a stream", async (client, { folder }) => {
    const content = noise(1_000_001);
    await client.upload(new Blob([content]).stream(), `${folder}/file`);
    const part = client.readable(`${folder}/file`, { start: 500_000, end: 900_000 });
    sameBytes(new Uint8Array(await new Response(part).arrayBuffer()), content.subarray(500_000, 900_000));
  }),
  withClient("what is there is not replaced unless that is asked for", async (client, { folder }) => {
    const path = `${folder}/file`;
    await put(client, path, "old");
    equal((await fails(client.upload(new Blob(["new"]), path), TransferError)).code, "exists");
    ok((await client.upload(new Blob(["new"]), path, { conflict: "skip" })).skipped, "skipped");
    equal(await new Response(client.readable(path)).text(), "old");
    await client.upload(new Blob(["new"]), path, { conflict: () => "overwrite" });
    equal(await new Response(client.readable(path)).text(), "new");
  }),
  withClient("an upload that was begun is gone on with", async (client, { folder }) => {
    // What is behind the largest window is sent again.
    const content = noise(20 << 20);
    const blob = new Blob([content]);
    await client.upload(blob.slice(0, 18 << 20), `${folder}/file`);
    const result = await client.upload(blob, `${folder}/file`, { conflict: "resume" });
    ok(result.resumed > 0, "some of it was there");
    sameBytes(await bytesOf((await client.download(`${folder}/file`)).blob), content);
  }),
  withClient("a cancelled upload leaves the old file, and nothing else", async (client, { folder }) => {
    const path = `${folder}/file`;
    await put(client, path, "old");
    const upload = client.upload(new Blob([noise(5_000_000)]), path, { conflict: "overwrite" });
    for await (const { bytes } of upload) if (bytes) break;
    const reason = new Error("no longer wanted");
    upload.cancel(reason);
    ok((await rejected(upload)) === reason, "the reason itself");
    equal(
      (await client.readdir(folder)).map(({ name }) => name),
      ["file"],
    );
    equal(await new Response(client.readable(path)).text(), "old");
  }),
  withClient(
    "directories are made, walked and removed with all that is in them",
    async (client, { folder }) => {
      await client.mkdir(`${folder}/a/b/c`, { recursive: true });
      await put(client, `${folder}/a/b/file`, "text");
      await client.symlink("/", `${folder}/a/link`);
      const names: string[] = [];
      for await (const { entry } of client.walk(folder)) names.push(entry.name);
      equal(names.sort(), ["a", "b", "c", "file", "link"]);
      await client.remove(`${folder}/a`, { recursive: true });
      equal(await client.readdir(folder), []);
    },
  ),
];
