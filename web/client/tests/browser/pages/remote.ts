/** Runs in the page: a client in a worker. Each is one claim, and throws where it does not hold. */

import { ConnectionError, entriesOf, folderTarget, SftpError } from "../../../src/index.ts";
import { connectInWorker, type RemoteClient } from "../../../src/worker/index.ts";
import { equal, fails, noise, ok, rejected, sameBytes } from "../../cases/assert.ts";
import type { Env } from "../../cases/case.ts";
import { scriptUrl } from "./trusted.ts";

const makeWorker = () => new Worker(scriptUrl(`/session.worker.js${location.search}`));

const login = ({ url, user, password }: Env, worker: Worker | (() => Worker) = makeWorker) =>
  connectInWorker(worker, url, { auth: { method: "password", user, password } });

async function within(env: Env, run: (client: RemoteClient) => Promise<void>) {
  const client = await login(env);
  try {
    await run(client);
  } finally {
    await client.close();
  }
}

/** Generated, so that no test has a file of this size. */
const MIB = 1024 * 1024;
function large(mib: number): Blob {
  const piece = noise(MIB);
  return new Blob(Array.from({ length: mib }, (_, index) => new Blob([Uint8Array.of(index), piece])));
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const remoteCases: Record<string, (env: Env) => Promise<void>> = {
  "a session in a worker logs in, lists, reads and writes": (env) =>
    within(env, async (client) => {
      equal(client.state, "ready");
      const file = await client.open(`${env.folder}/<b>ü`, { write: true, create: true });
      await file.write(0, new Blob(["hello "]));
      await file.write(6, new TextEncoder().encode("world"));
      await file.close();
      const pages = [];
      for await (const page of client.list(env.folder)) pages.push(...page);
      equal(
        pages.map(({ name }) => name),
        ["<b>ü"],
      );
      const again = await client.open(`${env.folder}/<b>ü`);
      equal(new TextDecoder().decode(await again.read(0, 100)), "hello world");
      await again.close();
      const text = await new Response(client.readable(`${env.folder}/<b>ü`, { start: 6 })).text();
      equal(text, "world");
    }),

  "a Blob of 64 MiB is uploaded and downloaded through the worker": (env) =>
    within(env, async (client) => {
      const blob = large(64);
      const path = `${env.folder}/large`;
      const upload = client.upload(blob, path);
      let reports = 0;
      for await (const { bytes } of upload) if (bytes) reports++;
      equal((await upload).bytes, blob.size);
      ok(reports > 0, "progress was reported");
      equal((await client.stat(path)).size, blob.size);
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      const sink = new WritableStream<Uint8Array<ArrayBuffer>>({ write: (chunk) => void chunks.push(chunk) });
      await client.download(path, sink);
      equal(await sha256(await new Blob(chunks).arrayBuffer()), await sha256(await blob.arrayBuffer()));
    }),

  "a transfer is paused, goes on, and is cancelled": (env) =>
    within(env, async (client) => {
      const upload = client.upload(large(64), `${env.folder}/paused`);
      upload.pause();
      for await (const { state } of upload) if (state === "paused") break;
      const { bytes } = upload.progress;
      upload.resume();
      for await (const progress of upload) if (progress.bytes > bytes) break;
      const reason = new Error("no longer wanted");
      upload.cancel(reason);
      ok((await rejected(upload)) === reason, "the reason itself");
      equal(upload.progress.state, "cancelled");
      equal((await client.readdir(env.folder)).length, 0, "nothing is left");
    }),

  "a stream is written through the worker": (env) =>
    within(env, async (client) => {
      const content = noise(3 * MIB);
      await new Blob([content]).stream().pipeTo(client.writable(`${env.folder}/stream`));
      sameBytes(
        new Uint8Array(await new Response(client.readable(`${env.folder}/stream`)).arrayBuffer()),
        content,
      );
    }),

  "a download goes to a file of the browser, and is gone on with there": (env) =>
    within(env, async (client) => {
      const content = noise(3 * MIB);
      const path = `${env.folder}/file`;
      await client.upload(new Blob([content]), path);
      const directory = await navigator.storage.getDirectory();
      const file = await directory.getFileHandle(crypto.randomUUID(), { create: true });
      const bytes = async () => new Uint8Array(await (await file.getFile()).arrayBuffer());
      await client.download(path, file, { end: MIB });
      sameBytes(await bytes(), content.slice(0, MIB));
      await client.download(path, file, { conflict: "resume" });
      sameBytes(await bytes(), content);
      await directory.removeEntry(file.name);
    }),

  "a folder goes up and down through the worker": (env) =>
    within(env, async (client) => {
      const root = await navigator.storage.getDirectory();
      const above = await root.getDirectoryHandle(crypto.randomUUID(), { create: true });
      const [up, down] = [
        await above.getDirectoryHandle("up", { create: true }),
        await above.getDirectoryHandle("down", { create: true }),
      ];
      const inner = await up.getDirectoryHandle("inner", { create: true });
      for (const [index, place] of [up, inner, inner].entries()) {
        const writable = await (await place.getFileHandle(`${index}`, { create: true })).createWritable();
        await writable.write(noise(100_000, index));
        await writable.close();
      }
      equal((await client.uploadFolder(entriesOf(up), env.folder)).files, 3);
      equal((await client.downloadFolder(`${env.folder}/up`, folderTarget(down))).files, 3);
      const again = await (await down.getDirectoryHandle("inner")).getFileHandle("2");
      sameBytes(new Uint8Array(await (await again.getFile()).arrayBuffer()), noise(100_000, 2));
      await root.removeEntry(above.name, { recursive: true });
    }),

  "errors of the worker have their classes and fields": (env) =>
    within(env, async (client) => {
      const path = `${env.folder}/nothing`;
      const error = await fails(client.stat(path), SftpError);
      equal([error.code, error.path, error.operation, error.retryable], ["ENOENT", path, "stat", false]);
    }),

  "an abort stops what the worker does, with its reason": (env) =>
    within(env, async (client) => {
      const abort = new AbortController();
      const reason = { why: "test" };
      const { signal } = abort;
      const reading = rejected(readAll(client.readable("/dev/zero", { signal })));
      const uploading = rejected(client.upload(large(64), `${env.folder}/x`, { signal }));
      await client.stat("/");
      abort.abort(reason);
      for (const why of await Promise.all([reading, uploading])) ok(why === reason, "the reason itself");
      ok((await rejected(client.stat("/", { signal: AbortSignal.abort(reason) }))) === reason, "before");
    }),

  "questions are asked in the page": async (env) => {
    const asked: (string | undefined)[] = [];
    const client = await connectInWorker(makeWorker, env.url, {
      auth: ({ failure }) => {
        asked.push(failure?.code);
        return { method: "password", user: env.user, password: failure ? env.password : "wrong" };
      },
    });
    equal(asked, [null, "refused"]);
    await client.close();
  },

  "a worker that is terminated rejects what is under way": async (env) => {
    const worker = makeWorker();
    const client = await login(env, worker);
    const states: unknown[] = [];
    client.listen(({ state }) => states.push(state));
    const failed = Promise.all([
      fails(client.upload(large(64), `${env.folder}/x`), ConnectionError),
      fails(readAll(client.readable("/dev/zero")), ConnectionError),
    ]);
    await client.stat("/");
    worker.terminate();
    await failed;
    equal([client.state, states], ["closed", ["closed"]]);
    await fails(client.stat("/"), ConnectionError);
  },

  "a worker that fails rejects what is under way": async (env) => {
    const worker = makeWorker();
    worker.addEventListener("error", (event) => event.preventDefault());
    const client = await login(env, worker);
    const failed = fails(client.upload(large(64), `${env.folder}/x`), ConnectionError);
    worker.postMessage("fail");
    ok((await failed).message.includes("it fails as it was told"), "the worker's message");
    worker.terminate();
  },
};
