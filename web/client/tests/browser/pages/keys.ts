/** Runs in the page: keys that the browser makes and keeps. Each is one claim, and throws where it does not hold. */

import { concat, string } from "../../../src/bytes.ts";
import { ProtocolError } from "../../../src/errors.ts";
import { inStore } from "../../../src/indexed-db.ts";
import { createKey, KeyError, keys, publicLine, removeKey } from "../../../src/keys/index.ts";
import type { KeyRecord } from "../../../src/keys/store.ts";
import { equal, fails, ok, rejected } from "../../cases/assert.ts";

/** A name for one case. */
const unused = () => `key ${crypto.randomUUID()}`;

const named = async (name: string) => (await keys()).filter((it) => it.name === name);

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (it) => it.charCodeAt(0));

export const keyCases: Record<string, () => Promise<void>> = {
  "a key is made, found again, and removed": async () => {
    const name = unused();
    const made = await createKey(name, { comment: "me@laptop" });
    ok(/^ssh-ed25519 [A-Za-z0-9+/=]{68} me@laptop$/.test(publicLine(made)), publicLine(made));
    const [found] = await named(name);
    equal(found && publicLine(found), publicLine(made));
    await removeKey(name);
    await removeKey(name);
    equal((await named(name)).length, 0);
  },

  "a key that was kept signs, and its signature is right": async () => {
    const name = unused();
    await createKey(name);
    const [key] = await named(name);
    if (!key) throw new Error("no key");
    const blob = bytesOf(key.publicKey.split(" ")[1] ?? "");
    // RFC 4252, section 7.
    const names = ["me", "ssh-connection", "publickey"].map(string);
    const front = [string(new Uint8Array(32)), Uint8Array.of(50), ...names, Uint8Array.of(1)];
    const data = concat(...front, string("ssh-ed25519"), string(blob));
    const asked = { algorithm: "ssh-ed25519", data, user: "me" };
    const signature = (await key.sign(asked)).slice(-64);
    const raw = blob.slice(-32);
    const publicKey = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    ok(await crypto.subtle.verify("Ed25519", publicKey, signature, data), "the signature is right");
    for (const wrong of [{ algorithm: "ssh-rsa" }, { user: "another" }])
      ok(
        (await rejected(key.sign({ ...asked, ...wrong }))) instanceof ProtocolError,
        "nothing else is signed",
      );
  },

  "the private half cannot be read out": async () => {
    await createKey(unused());
    const kept = (records: IDBObjectStore): IDBRequest<KeyRecord[]> => records.getAll();
    const [record] = await inStore("keys", kept);
    if (!record) throw new Error("no record");
    equal(record.privateKey.extractable, false);
    for (const format of ["pkcs8", "jwk", "raw"] as const)
      await rejected(crypto.subtle.exportKey(format, record.privateKey));
  },

  "a name is good for one key": async () => {
    const name = unused();
    const first = await createKey(name);
    equal((await fails(createKey(name), KeyError)).code, "exists");
    equal((await named(name)).map(publicLine), [publicLine(first)]);
  },
};
