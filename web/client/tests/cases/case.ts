/** A test that runs unchanged in Node, Chromium and Firefox. */

import { connect, type SftpClient } from "../../src/index.ts";

/** Where the case runs against. */
export interface Env {
  /** Of the bridge. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** An empty directory for this case alone. */
  readonly folder: string;
}

export interface Case {
  /** The claim. */
  readonly name: string;
  run(env: Env): Promise<void>;
}

/** A case with a client that is logged in, and closed at the end. */
export function withClient(name: string, run: (client: SftpClient, env: Env) => Promise<void>): Case {
  return {
    name,
    async run(env) {
      const client = await login(env);
      try {
        await run(client, env);
      } finally {
        await client.close();
      }
    },
  };
}

export const login = ({ url, user, password }: Env) =>
  connect(url, { auth: { method: "password", user, password } });

/** Writes a file, in pieces that every server takes. */
export async function put(client: SftpClient, path: string, content: Uint8Array<ArrayBuffer> | string) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const file = await client.open(path, { write: true, create: true, truncate: true });
  for (let at = 0; at < bytes.length; at += 32_768) await file.write(at, bytes.slice(at, at + 32_768));
  await file.close();
}
