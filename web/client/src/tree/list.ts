/** Directories, page by page, with several READDIRs under way: one by one, each page would cost a round trip. */

import type { Reader } from "../bytes.ts";
import type { Abortable } from "../client/ask.ts";
import type { CoreClient } from "../client/core-client.ts";
import { untilEof } from "../client/file.ts";
import { decodeAttributes, fileType } from "../codec/attributes.ts";
import { Type } from "../codec/numbers.ts";
import * as requests from "../codec/request.ts";
import { decodeHandle, decodeNames, type Entry } from "../codec/response.ts";
import { ConnectionError, SftpError } from "../errors.ts";
import { type SftpPath, shown } from "../path.ts";
import type { Session } from "../session/session.ts";
import { failure } from "./names.ts";
import { quiet } from "./pool.ts";

/** How to list a directory. */
export interface ListOptions extends Abortable {
  /** Entries of one directory: a RangeError beyond, for a server may never come to an end. 1,000,000 without it. */
  readonly limit?: number;
}

interface Strict extends ListOptions {
  /** Fails for a link: looks at what is there right before OPENDIR, which would follow it. */
  readonly strict?: boolean | undefined;
}

/** READDIRs under way at most. */
const WIDTH = 32;

/**
 * All entries but `.` and `..` in the server's order, as they come. Names are not checked. A consumer that waits stops
 * the READDIRs, and one that breaks out closes the handle.
 *
 * Some servers cannot take READDIRs in parallel: they fail, or give a name twice. Then the directory is read again, one
 * reply at a time, and what was not given yet is given. So it is, once, on the next session when the connection is lost.
 */
export async function* list(
  client: CoreClient,
  path: SftpPath,
  options: Strict = {},
): AsyncGenerator<Entry[], void, undefined> {
  const { signal, limit = 1_000_000 } = options;
  const seen = new Set<string>();
  let width = WIDTH;
  let lost = false;
  let left = 0;
  /** What was not given yet. */
  const fresh = (page: Entry[]) => {
    // Long names count more: they are kept, to know them again.
    for (const { name } of page) left -= 1 + (name.length >> 8);
    if (left < 0) throw new RangeError(`more than ${limit} entries in ${shown(path)}`);
    return page.filter(({ name, rawName }) => seen.size < seen.add(rawName ? `/${rawName}` : name).size);
  };
  /** Throws, or lets it be read again. */
  const mend = async (error: unknown, session: Session) => {
    if (width > 1 && error instanceof SftpError && error.operation === "readdir") width = 1;
    else {
      if (lost || !(error instanceof ConnectionError && error.retryable)) throw error;
      lost = true;
      await session.closed;
      if (client.state === "closed") throw error;
    }
  };

  for (;;) {
    const session = await client.connection.session(signal);
    left = limit;
    try {
      for await (const page of pages(session, path, options, width)) {
        const entries = fresh(page);
        const named = entries.filter(({ name }) => !/^\.\.?$/.test(name));
        if (named.length) yield named;
        if (width > 1 && entries.length < page.length) throw failure("readdir", path, "twice");
      }
      return;
    } catch (error) {
      await mend(error, session);
    }
  }
}

/** What READDIRs are answered, to the end. */
async function* pages(
  session: Session,
  path: SftpPath,
  { signal, strict }: Strict,
  widest: number,
): AsyncGenerator<Entry[], void, undefined> {
  const ask = <T>(
    operation: string,
    request: requests.Request,
    expected: number,
    decode: (body: Reader) => T,
  ) => quiet(session.request(request, expected, { operation, path, signal, decode }));
  const look = strict && ask("lstat", requests.lstat(path), Type.ATTRS, decodeAttributes);
  const handle = await ask("opendir", requests.opendir(path), Type.HANDLE, decodeHandle);
  const underWay: Promise<Entry[]>[] = [];
  let width = Math.min(widest, 2);
  let largest = 0;
  try {
    if (look && fileType(await look) !== "directory")
      throw failure("opendir", path, "it is no directory any more");
    do {
      while (underWay.length < width) {
        const names = ask("readdir", requests.readdir(handle), Type.NAME, decodeNames);
        underWay.push(quiet(untilEof(names, [])));
      }
      const page = (await underWay.shift()) as Entry[];
      const { length } = page;
      if (length) yield page;
      // No names at all are the end, too, for some servers. One that works side by side may still answer with names.
      else width = 0;
      // The first page is no measure; after it, one of half the size is a full one.
      if (largest && length * 2 > largest) width = Math.min(widest, width * 2);
      largest = Math.max(length, largest);
    } while (width || underWay.length);
  } finally {
    session.release(handle);
  }
}

/** All entries at once. */
export async function readdir(client: CoreClient, path: SftpPath, options?: ListOptions): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const page of list(client, path, options)) entries.push(...page);
  return entries;
}
