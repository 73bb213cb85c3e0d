/** Cases: the operations of SFTP. */

import { SftpError } from "../../src/index.ts";
import { equal, fails, noise, ok, rejected } from "./assert.ts";
import { type Case, put, withClient } from "./case.ts";

export const operationCases: Case[] = [
  withClient("stat tells size, type and times", async (client, { folder }) => {
    await put(client, `${folder}/file`, noise(1000));
    const file = await client.stat(`${folder}/file`);
    equal(file.size, 1000);
    equal((file.mode ?? 0) >> 12, 8, "a file by its mode");
    ok(Math.abs((file.mtime ?? 0) - Date.now() / 1000) < 3600, "the time is now");
    equal(((await client.stat(folder)).mode ?? 0) >> 12, 4, "a directory by its mode");
  }),
  withClient(
    "what is not there is an SftpError with code, path and operation",
    async (client, { folder }) => {
      const path = `${folder}/nothing`;
      const error = await fails(client.stat(path), SftpError);
      equal([error.code, error.status, error.path, error.operation], ["ENOENT", 2, path, "stat"]);
      equal((await fails(client.open(path), SftpError)).code, "ENOENT");
      equal((await fails(client.readdir(path), SftpError)).code, "ENOENT");
    },
  ),
  withClient("mkdir, rename, symlink and unlink do what they say", async (client, { folder }) => {
    await client.mkdir(`${folder}/a`);
    await put(client, `${folder}/a/file`, "text");
    await client.rename(`${folder}/a/file`, `${folder}/a/moved`);
    await client.symlink(`${folder}/a/moved`, `${folder}/link`);
    equal(await client.readlink(`${folder}/link`), `${folder}/a/moved`);
    equal((await client.stat(`${folder}/link`)).size, 4);
    equal(((await client.lstat(`${folder}/link`)).mode ?? 0) >> 12, 10, "a link by its mode");
    await client.unlink(`${folder}/link`);
    equal(
      (await client.readdir(`${folder}/a`)).map(({ name }) => name),
      ["moved"],
    );
    await fails(client.rmdir(`${folder}/a`), SftpError);
    await client.unlink(`${folder}/a/moved`);
    await client.rmdir(`${folder}/a`);
    equal(await client.readdir(folder), []);
  }),
  withClient("attributes are set", async (client, { folder }) => {
    await put(client, `${folder}/file`, "text");
    await client.setAttributes(`${folder}/file`, { mode: 0o600, atime: 1_000_000_000, mtime: 1_000_000_001 });
    const { mode = 0, mtime } = await client.stat(`${folder}/file`);
    equal([mode & 0o777, mtime], [0o600, 1_000_000_001]);
  }),
  withClient("a directory of 300 entries is listed whole", async (client, { folder }) => {
    const names = Array.from({ length: 300 }, (_, index) => `entry-${String(index).padStart(3, "0")}`);
    await Promise.all(names.map((name) => client.mkdir(`${folder}/${name}`)));
    equal((await client.readdir(folder)).map(({ name }) => name).sort(), names);
  }),
  withClient("500 requests in flight are each answered with their own", async (client, { folder }) => {
    await Promise.all(Array.from({ length: 20 }, (_, size) => put(client, `${folder}/${size}`, noise(size))));
    const sizes = await Promise.all(
      Array.from({ length: 500 }, async (_, index) => (await client.stat(`${folder}/${index % 20}`)).size),
    );
    equal(
      sizes,
      Array.from({ length: 500 }, (_, index) => index % 20),
    );
  }),
  withClient("an abort rejects with its reason, and the session goes on", async (client, { folder }) => {
    const reason = { why: "the user went away" };
    ok((await rejected(client.stat(folder, { signal: AbortSignal.abort(reason) }))) === reason, "before");
    const abort = new AbortController();
    const waiting = Array.from({ length: 50 }, () =>
      rejected(client.open(`${folder}/new`, { write: true, create: true, signal: abort.signal })),
    );
    abort.abort(reason);
    for (const why of await Promise.all(waiting)) ok(why === reason, "the reason itself");
    equal(((await client.stat(folder)).mode ?? 0) >> 12, 4);
  }),
];
