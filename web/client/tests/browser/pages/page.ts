/** Runs in the page: the cases by name. What a test calls is on `globalThis`. */

import type { Env } from "../../cases/case.ts";
import { cases } from "../../cases/index.ts";
import { downloadCalls } from "./downloads.ts";
import { keyCases } from "./keys.ts";
import { remoteCases } from "./remote.ts";

const problems: string[] = [];
const note = (text: string) => problems.push(text);
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile }) =>
  note(`CSP: ${violatedDirective} ${blockedURI} in ${sourceFile}`),
);
addEventListener("unhandledrejection", ({ reason }) => note(`unhandled: ${reason?.stack ?? reason}`));
addEventListener("error", ({ message }) => note(`uncaught: ${message}`));

/** What went wrong, as text; nothing when all is well. */
async function report(run: () => Promise<unknown>): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over in 25 s; ${problems}`)), 25_000);
  });
  try {
    await Promise.race([run(), late]);
  } catch (error) {
    const { name, message, stack } = error as Error;
    return `${name}: ${message}\n${stack}`;
  } finally {
    clearTimeout(timer);
  }
  return problems.length ? problems.splice(0).join("\n") : undefined;
}

Object.assign(globalThis, {
  runCase: (name: string, env: Env) =>
    report(async () => {
      const found = cases.find((it) => it.name === name);
      if (!found) throw new Error(`no case ${name}`);
      await found.run(env);
    }),
  ...downloadCalls,
  problems: () => problems.splice(0),
  runKeyCase: (name: string) => report(async () => keyCases[name]?.()),
  runRemoteCase: (name: string, env: Env) => report(async () => remoteCases[name]?.(env)),
  ready: true,
});
