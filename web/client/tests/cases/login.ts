/** Cases: connecting and logging in. */

import { AuthError, connect } from "../../src/index.ts";
import { equal, fails, ok, rejected } from "./assert.ts";
import { type Case, login } from "./case.ts";

export const loginCases: Case[] = [
  {
    name: "the right password logs in, and close ends the session",
    async run(env) {
      const client = await login(env);
      equal(client.state, "ready");
      await client.close();
      equal(client.state, "closed");
      await rejected(client.stat("/"));
    },
  },
  {
    name: "a wrong password is an AuthError that names what may be tried",
    async run({ url, user }) {
      const auth = { method: "password", user, password: "wrong" } as const;
      const error = await fails(connect(url, { auth }), AuthError);
      equal(error.code, "refused");
      ok(error.methods.includes("password"), `"password" is among ${error.methods}`);
    },
  },
  {
    name: "a function is asked for each try, and told how the last one failed",
    async run({ url, user, password }) {
      const failures: (string | undefined)[] = [];
      const client = await connect(url, {
        auth: ({ failure }) => {
          failures.push(failure?.code);
          return { method: "password", user, password: failure ? password : "wrong" };
        },
      });
      equal(
        failures,
        [undefined, "refused"].map((it) => it ?? null),
      );
      await client.close();
    },
  },
  {
    name: "connecting is given up with the signal's reason",
    async run({ url, user, password }) {
      const abort = new AbortController();
      const reason = new Error("not any more");
      const connecting = connect(url, {
        signal: abort.signal,
        auth: () => {
          abort.abort(reason);
          return { method: "password", user, password };
        },
      });
      ok((await rejected(connecting)) === reason, "the reason itself");
    },
  },
];
