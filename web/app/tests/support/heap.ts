/** What scripts of a page and of its workers hold in memory. Chromium only. */

import type { CDPSession } from "playwright-core";
import type { ChromiumPerson } from "./chromium.ts";

type Send = (method: string) => Promise<{ usedSize?: number }>;

/** Looks, as often as it is called: bytes that are left when the garbage was collected, of the page and its workers. */
export async function heapOf({ page, context }: ChromiumPerson): Promise<() => Promise<number>> {
  const session = await context.newCDPSession(page);
  const workers: Send[] = [];
  session.on("Target.attachedToTarget", ({ sessionId }) => workers.push(inside(session, sessionId)));
  await session.send("Target.setAutoAttach", {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });
  const all: Send[] = [(method) => session.send(method as never)];
  return async () => {
    let sum = 0;
    for (const send of [...all, ...workers]) {
      await send("HeapProfiler.collectGarbage");
      sum += (await send("Runtime.getHeapUsage")).usedSize ?? 0;
    }
    if (!workers.length) throw new Error("the page has no worker");
    return sum;
  };
}

/** Asks a target that is attached to a session by messages. */
function inside(session: CDPSession, sessionId: string): Send {
  let last = 0;
  return (method) =>
    new Promise((resolve) => {
      const id = ++last;
      const listen = (event: { sessionId: string; message: string }) => {
        const answer = JSON.parse(event.message);
        if (event.sessionId !== sessionId || answer.id !== id) return;
        session.off("Target.receivedMessageFromTarget", listen);
        resolve(answer.result ?? {});
      };
      session.on("Target.receivedMessageFromTarget", listen);
      void session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method }) });
    });
}
