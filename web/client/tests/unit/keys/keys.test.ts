import { IDBFactory } from "fake-indexeddb";
import { beforeEach, expect, test, vi } from "vitest";
import { ProtocolError } from "../../../src/errors.ts";
import { inStore } from "../../../src/indexed-db.ts";
import { createKey, keys, publicLine, removeKey } from "../../../src/keys/index.ts";
import { signingKey } from "../../../src/keys/key.ts";
import type { KeyRecord } from "../../../src/keys/store.ts";
import { fromBase64 } from "../../../src/login/base64.ts";
import { userauth } from "../../support/transcript.ts";

beforeEach(() => {
  vi.unstubAllGlobals();
  vi.stubGlobal("indexedDB", new IDBFactory());
});

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replace(/\s/g, ""), "hex"));

/** RFC 8032, section 7.1, TEST 1. */
async function knownKey() {
  const secret = bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const pkcs8 = new Uint8Array([...bytes("302e020100300506032b657004220420"), ...secret]);
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const publicKey = bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  return signingKey({ name: "test", comment: "", publicKey, privateKey });
}

test("the worked example of the protocol, byte for byte", async () => {
  const key = await knownKey();
  const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
  expect(key.publicKey).toBe(line);
  const session = bytes("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const data = userauth("me", "ssh-ed25519", fromBase64(line.split(" ")[1] ?? ""), session);
  expect(data).toHaveLength(145);
  expect(await key.sign({ algorithm: "ssh-ed25519", data, user: "me" })).toEqual(
    bytes(`0000000b 7373682d65643235353139 00000040
      6d2e7a981486520172f2f885a5f35f00 df1403b7da6511bba662eaad112c5b51
      6379d09a1e7d2afbb1fb7c53e50582f0 acb4089452d3fd6630def7fcff8fa006`),
  );
});

test("a key of the browser signs logins only, as whoever logs in, and by Ed25519", async () => {
  const key = await knownKey();
  const blob = fromBase64(key.publicKey.split(" ")[1] ?? "");
  const data = userauth("me", "ssh-ed25519", blob);
  await key.sign({ algorithm: "ssh-ed25519", data, user: "me" });
  for (const other of [{ algorithm: "ssh-rsa" }, { data: new Uint8Array(145) }, { user: "root" }])
    await expect(key.sign({ algorithm: "ssh-ed25519", data, user: "me", ...other })).rejects.toThrow(
      ProtocolError,
    );
});

test("a key is found again, and signs what its public half verifies", async () => {
  const made = await createKey("laptop", { comment: "ann@laptop" });
  const [found] = await keys();
  expect(found && publicLine(found)).toBe(publicLine(made));
  expect(publicLine(made)).toMatch(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[\w+/]+=* ann@laptop$/);
  const blob = fromBase64(made.publicKey.split(" ")[1] ?? "");
  const data = userauth("ann", "ssh-ed25519", blob);
  const request = { algorithm: "ssh-ed25519", data, user: "ann" };
  const signed = (await found?.sign(request)) ?? new Uint8Array();
  const raw = blob.slice(-32);
  const verifier = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  expect(await crypto.subtle.verify("Ed25519", verifier, signed.slice(-64), data)).toBe(true);
});

test("a name is taken once, and the key that has it stays", async () => {
  const first = await createKey("laptop");
  await expect(createKey("laptop")).rejects.toMatchObject({ name: "KeyError", code: "exists" });
  expect((await keys()).map(({ publicKey }) => publicKey)).toEqual([first.publicKey]);
});

test("a key that was removed is gone, and removing it again does nothing", async () => {
  await createKey("laptop");
  await removeKey("laptop");
  await removeKey("laptop");
  expect(await keys()).toEqual([]);
});

test("the private half cannot be read out", async () => {
  await createKey("laptop");
  const kept = (records: IDBObjectStore): IDBRequest<KeyRecord[]> => records.getAll();
  const [record] = await inStore("keys", kept);
  if (!record) throw new Error("no record");
  expect(record.privateKey.extractable).toBe(false);
  await expect(crypto.subtle.exportKey("pkcs8", record.privateKey)).rejects.toThrow();
});

test("a comment cannot smuggle in another line of authorized_keys", async () => {
  const comment = "ann\nssh-ed25519 AAAA";
  await expect(createKey("laptop", { comment })).rejects.toThrow(TypeError);
});

test("a browser without Ed25519, and a page that is not secure, say so", async () => {
  vi.stubGlobal("crypto", {
    subtle: { generateKey: () => Promise.reject(new DOMException("", "NotSupportedError")) },
  });
  await expect(createKey("a")).rejects.toMatchObject({ code: "unsupported" });
  vi.stubGlobal("crypto", {});
  await expect(createKey("a")).rejects.toThrow(/https or localhost/);
});

test("no IndexedDB is an error that says so", async () => {
  vi.stubGlobal("indexedDB", undefined);
  await expect(keys()).rejects.toMatchObject({ code: "unsupported" });
});

test("a database of a later version is an error that says so", async () => {
  await new Promise<void>((resolve) => {
    indexedDB.open("sftpbridge-client", 2).onsuccess = ({ target }) => {
      (target as IDBOpenDBRequest).result.close();
      resolve();
    };
  });
  await expect(keys()).rejects.toMatchObject({ cause: { name: "VersionError" } });
});

test("a full disk is an error that says so, and so is anything else", async () => {
  const failing = (name: string) => ({
    open: () => {
      const request = { error: new DOMException("", name), onerror: (_: object) => {} };
      queueMicrotask(() => request.onerror({ target: request }));
      return request;
    },
  });
  for (const name of ["QuotaExceededError", "UnknownError"]) {
    vi.stubGlobal("indexedDB", failing(name));
    await expect(keys()).rejects.toMatchObject({ code: "failed", cause: { name } });
    await expect(keys()).rejects.toThrow(name);
  }
});

test("a database is not held open", async () => {
  await createKey("laptop");
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase("sftpbridge-client");
    request.onsuccess = () => resolve();
    request.onblocked = () => reject(new Error("still open"));
  });
});
