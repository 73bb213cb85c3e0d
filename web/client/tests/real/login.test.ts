import { generateKeyPairSync, sign } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { connect, type Prompt, webSocket } from "../../src/core.ts";
import { createKey, publicLine } from "../../src/keys/index.ts";
import { Bridge, type BridgeOptions } from "../support/bridge.ts";
import { asking, typed } from "../support/otp.ts";
import { Sshd, type SshdOptions } from "../support/sshd.ts";
import { testUser } from "../support/user.ts";

const running: AsyncDisposable[] = [];
const { name: user, password } = testUser();
const auth = { method: "password", user, password } as const;

beforeEach(() => void vi.stubGlobal("indexedDB", new IDBFactory()));

async function site(sshdOptions: SshdOptions = {}, bridgeOptions: BridgeOptions = {}) {
  const sshd = await Sshd.start(sshdOptions);
  running.unshift(sshd);
  const bridge = await Bridge.start(sshd, bridgeOptions);
  running.unshift(bridge);
  return { sshd, bridge, url: bridge.url };
}

afterEach(async () => {
  for (const it of running.splice(0)) await it[Symbol.asyncDispose]();
});

/** A folder that sshd may read as the user. */
function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), "sftpbridge-web-"));
  chmodSync(path, 0o755);
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(path, name), text, { mode: name === "password" ? 0o600 : 0o644 });
  running.push({ [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true }) });
  return path;
}

test("a wrong password is refused, with what may be tried and a reference; the right one is taken", async () => {
  const { url, bridge } = await site();
  const wrong = connect(url, { auth: { ...auth, password: "wrong" } });
  await expect(wrong).rejects.toMatchObject({
    name: "AuthError",
    code: "refused",
    methods: expect.arrayContaining(["password"]),
    session: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  const client = await connect(url, { auth });
  expect(client.connection.ready).toMatchObject({ upstream: "main", user, max_packet: 262_148 });
  expect(await client.realpath("/")).toBe("/");
  await client.close();
  expect(bridge.log).not.toContain(password);
});

test("a wrong password and then the right one, on one socket", async () => {
  const { url } = await site();
  const asked = vi
    .fn()
    .mockReturnValueOnce({ ...auth, password: "wrong" })
    .mockReturnValueOnce(auth);
  const client = await connect(url, { auth: asked });
  expect(asked.mock.calls[1]?.[0].failure).toMatchObject({ code: "refused", retry: true });
  await client.close();
});

test("a password and a one-time code, asked for in two rounds", async () => {
  const { url } = await site(asking);
  const prompt = vi.fn(typed);
  const client = await connect(url, { auth: { method: "keyboard-interactive", user }, prompt });
  expect(prompt.mock.calls.map(([{ prompts }]) => prompts.length).filter(Boolean)).toEqual([1, 1]);
  await client.realpath(".");
  await client.close();
});

test("a wrong code is refused", async () => {
  const { url } = await site(asking);
  const prompt = ({ prompts }: Prompt) =>
    prompts.map(({ text }) => (/password/i.test(text) ? password : "000000"));
  const refused = connect(url, { auth: { method: "keyboard-interactive", user }, prompt });
  await expect(refused).rejects.toMatchObject({ code: "refused" });
});

test("a key that the browser keeps logs in where its line is among the authorized keys", async () => {
  const key = await createKey("laptop");
  const other = await createKey("other");
  const keys = folder({ authorized_keys: `${publicLine(key)}\n` });
  const { url } = await site({
    config: `AuthorizedKeysFile ${keys}/authorized_keys\nPasswordAuthentication no`,
  });
  const stranger = connect(url, { auth: { method: "publickey", user, key: other } });
  await expect(stranger).rejects.toMatchObject({ name: "AuthError" });
  const client = await connect(url, { auth: { method: "publickey", user, key } });
  await client.realpath(".");
  await client.close();
});

test("a key and then a password, in the server's order and not in ours", async () => {
  const key = await createKey("laptop");
  const keys = folder({ authorized_keys: `${publicLine(key)}\n` });
  const { url } = await site({
    config: `AuthorizedKeysFile ${keys}/authorized_keys\nAuthenticationMethods publickey,password`,
  });
  const onlyKey = connect(url, { auth: { method: "publickey", user, key } });
  await expect(onlyKey).rejects.toMatchObject({ code: "partial", methods: ["password"] });
  const client = await connect(url, { auth: [auth, { method: "publickey", user, key }] });
  await client.realpath(".");
  await client.close();
});

/** The bridge logs in by itself for whoever `identity` knows. */
function own(identity: string): BridgeOptions {
  const files = folder({ password });
  return {
    upstream: `credentials = "password"\npassword_file = "${files}/password"\nuser = "${user}"`,
    more: identity,
  };
}

test("whom a proxy has named logs in by external", async () => {
  const { url } = await site(
    {},
    own(`[identity.trusted_header]\nname = "X-Remote-User"\nfrom = ["127.0.0.1"]`),
  );
  const Named = class extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols, { headers: { "X-Remote-User": "ann@example.org" } });
    }
  };
  const transport = webSocket(Named as never);
  const client = await connect(url, { auth: { method: "external" }, transport });
  expect(client.connection.ready?.user).toBe("ann@example.org");
  await client.close();
  const nobody = connect(url, { auth: { method: "external" } });
  await expect(nobody).rejects.toMatchObject({ name: "AuthError", code: "method-unavailable" });
});

test("a bearer token logs in, one that has expired does not", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (exp: number) => {
    const claims = { iss: "https://login.example.org/", aud: "sftpbridge", sub: "ann", exp };
    const text = `${part({ alg: "EdDSA", kid: "1", typ: "JWT" })}.${part(claims)}`;
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
  };
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "1", alg: "EdDSA", use: "sig" };
  const files = folder({ "keys.json": JSON.stringify({ keys: [jwk] }) });
  const { url } = await site(
    {},
    own(`[identity.jwt]
issuer = "https://login.example.org/"
audience = "sftpbridge"
jwks_file = "${files}/keys.json"
user_claim = "sub"`),
  );
  const now = Math.floor(Date.now() / 1000);
  const expired = connect(url, { auth: { method: "bearer", token: token(now - 3_600) } });
  await expect(expired).rejects.toMatchObject({ code: "refused" });
  const client = await connect(url, { auth: { method: "bearer", token: token(now + 600) } });
  expect(client.connection.ready?.user).toBe("ann");
  await client.close();
});

test("after too many failed logins the error says how long to wait", async () => {
  const { url } = await site({}, { throttle: "attempts_per_address = 1\nattempts_per_user = 1" });
  const wrong = () => connect(url, { auth: { ...auth, password: "wrong" } });
  await expect(wrong()).rejects.toMatchObject({ code: "refused" });
  await expect(wrong()).rejects.toMatchObject({
    code: "throttled",
    methods: [],
    retryAfter: expect.any(Number),
  });
});

test("a server that cannot be reached is told apart from a wrong password", async () => {
  const sshd = await Sshd.start();
  running.unshift(sshd);
  const bridge = await Bridge.start({ port: 1, knownHosts: sshd.knownHosts });
  running.unshift(bridge);
  await expect(connect(bridge.url, { auth })).rejects.toMatchObject({ code: "upstream-failed" });
});
