import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Attributes } from "../../src/codec/attributes.ts";
import * as a from "../support/arbitraries.ts";
import * as server from "../support/server-codec.ts";
import { type Callback, type Side, ssh2Side } from "../support/ssh2-sftp.ts";

type Client = Side["sftp"];

/** With `full` it keeps `.` and `..`; its published types do not know it. */
interface Listing {
  readdir(handle: Buffer, options: { full: boolean }, done: Callback): void;
}

/** ssh2's client after VERSION. It asks for the limits by itself where they are announced, and waits for them. */
function started(): Side {
  const side = ssh2Side(false);
  side.sftp._init();
  expect(server.decodeRequest(side.sent())).toEqual({ operation: "init", id: 0, version: 3 });
  side.receive(server.version(server.OPENSSH_EXTENSIONS));
  const asked = server.decodeRequest(side.sent());
  expect(asked.operation).toBe("limits@openssh.com");
  side.receive(server.limits(asked.id, 262_144, 261_120, 261_120, 1019));
  return side;
}

/** What our server reads of one request of ssh2's client, and what the client makes of our answer. */
function talk(ask: (client: Client, done: Callback) => void, answer: (id: number) => Uint8Array) {
  const side = started();
  let heard: unknown[] | undefined;
  ask(side.sftp, (...result) => {
    heard = result.map((value) => (Buffer.isBuffer(value) ? new Uint8Array(value) : value));
  });
  const { id, ...request } = server.decodeRequest(side.sent());
  side.receive(answer(id));
  return { request, heard };
}

const ok = (id: number) => server.status(id);
const run = <T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void) =>
  fc.assert(fc.property(arbitrary, check), { numRuns: 150 });
/** ssh2 takes an absent attribute for undefined. */
const there = (stats: object) =>
  Object.fromEntries(
    Object.entries(stats).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === "bigint" ? Number(value) : value]],
    ),
  );
const buffer = (handle: string) => Buffer.from(handle, "latin1");

describe("our server's half reads of ssh2's client what it asks, and is read:", () => {
  test("the limits", () => {
    expect((started().sftp as unknown as { maxOpenHandles: number }).maxOpenHandles).toBe(1019);
  });

  test("one path, answered by STATUS", () => {
    const operations = [
      ["remove", "unlink"],
      ["rmdir", "rmdir"],
    ] as const;
    run(fc.tuple(a.paths, fc.constantFrom(...operations)), ([path, [operation, method]]) => {
      expect(talk((client, done) => client[method](path, done), ok)).toEqual({
        request: { operation, path },
        heard: [],
      });
    });
  });

  test("a STATUS that is an error", () => {
    run(fc.tuple(fc.integer({ min: 1, max: 8 }), a.texts), ([code, message]) => {
      const { heard } = talk(
        (client, done) => client.rmdir("x", done),
        (id) => server.status(id, code, message),
      );
      expect(heard).toHaveLength(1);
      expect(heard?.[0]).toMatchObject(message ? { code, message } : { code });
    });
  });

  test("one path, answered by ATTRS", () => {
    run(
      fc.tuple(a.paths, a.plainAttributes, fc.constantFrom("stat", "lstat")),
      ([path, attributes, operation]) => {
        const { request, heard } = talk(
          (client, done) => client[operation](path, done),
          (id) => server.attributes(id, attributes),
        );
        expect(request).toEqual({ operation, path });
        expect(there(heard?.[1] as object)).toEqual(attributes);
      },
    );
  });

  test("extended attributes", () => {
    const extended: [string, Uint8Array][] = [["user.a", Uint8Array.of(1, 2)]];
    const { heard } = talk(
      (client, done) => client.stat("x", done),
      (id) => server.attributes(id, { size: 1, extended }),
    );
    expect(there(heard?.[1] as object)).toEqual({ size: 1, extended: { "user.a": Buffer.from([1, 2]) } });
  });

  test("one path, answered by NAME", () => {
    run(fc.tuple(a.paths, a.texts, fc.constantFrom("realpath", "readlink")), ([path, name, operation]) => {
      const answer = (id: number) => server.names(id, [{ name, longname: name }]);
      const said = talk((client, done) => client[operation](path, done), answer);
      expect(said).toEqual({ request: { operation, path }, heard: [undefined, name] });
    });
  });

  test("a home directory", () => {
    run(fc.tuple(a.paths, a.texts), ([user, name]) => {
      const said = talk(
        (client, done) => client.ext_home_dir(user, done),
        (id) => server.names(id, [{ name }]),
      );
      expect(said).toEqual({ request: { operation: "home-directory", user }, heard: [undefined, name] });
    });
  });

  test("two paths", () => {
    run(fc.tuple(a.paths, a.paths), ([from, to]) => {
      const request = (ask: (client: Client, done: Callback) => void) => talk(ask, ok).request;
      expect(request((client, done) => client.rename(from, to, done))).toEqual({
        operation: "rename",
        from,
        to,
      });
      expect(request((client, done) => client.ext_openssh_rename(from, to, done))).toEqual({
        operation: "posix-rename@openssh.com",
        from,
        to,
      });
      expect(request((client, done) => client.ext_openssh_hardlink(from, to, done))).toEqual({
        operation: "hardlink@openssh.com",
        from,
        to,
      });
      // To OpenSSH it sends the target first, like us; to others the link, as the draft says.
      expect(request((client, done) => client.symlink(from, to, done))).toEqual({
        operation: "symlink",
        target: from,
        link: to,
      });
    });
  });

  test("attributes", () => {
    run(fc.tuple(a.paths, a.handles, a.plainAttributes), ([path, handle, attributes]) => {
      const request = (ask: (client: Client, done: Callback) => void) => talk(ask, ok).request;
      const sent = attributes as never;
      expect(request((client, done) => client.setstat(path, sent, done))).toEqual({
        operation: "setstat",
        path,
        attributes,
      });
      expect(request((client, done) => client.fsetstat(buffer(handle), sent, done))).toEqual({
        operation: "fsetstat",
        handle,
        attributes,
      });
      expect(request((client, done) => client.mkdir(path, sent, done))).toEqual({
        operation: "mkdir",
        path,
        attributes,
      });
      expect(request((client, done) => client.ext_openssh_lsetstat(path, sent, done))).toEqual({
        operation: "lsetstat@openssh.com",
        path,
        attributes,
      });
    });
  });

  test("opening, reading, writing, closing", () => {
    run(
      fc.tuple(a.paths, a.handles, a.offsets, a.bytes, a.plainAttributes),
      ([path, handle, offset, data, attributes]) => {
        const opened = talk(
          (client, done) => client.open(path, "a+", attributes as never, done),
          (id) => server.handle(id, handle),
        );
        expect(opened).toEqual({
          request: { operation: "open", path, flags: 1 | 2 | 4 | 8, attributes },
          heard: [undefined, a.handleBytes(handle)],
        });
        const room = Buffer.alloc(data.length + 1);
        const read = talk(
          (client, done) => client.read(buffer(handle), room, 0, room.length, offset, done),
          (id) => server.data(id, data),
        );
        expect(read.request).toEqual({ operation: "read", handle, offset, length: room.length });
        expect(read.heard?.slice(0, 3)).toEqual([undefined, data.length, data]);
        if (data.length) {
          const written = talk(
            (client, done) => client.write(buffer(handle), Buffer.from(data), 0, data.length, offset, done),
            ok,
          );
          expect(written.request).toEqual({ operation: "write", handle, offset, data });
        }
        expect(talk((client, done) => client.close(buffer(handle), done), ok).request).toEqual({
          operation: "close",
          handle,
        });
        expect(talk((client, done) => client.ext_openssh_fsync(buffer(handle), done), ok).request).toEqual({
          operation: "fsync@openssh.com",
          handle,
        });
        const { request } = talk(
          (client, done) => client.fstat(buffer(handle), done),
          (id) => server.attributes(id, {}),
        );
        expect(request).toEqual({ operation: "fstat", handle });
      },
    );
  });

  test("a directory", () => {
    const entry = fc.record({ name: a.texts, longname: a.texts, attributes: a.plainAttributes });
    run(fc.tuple(a.paths, a.handles, fc.array(entry, { maxLength: 4 })), ([path, handle, entries]) => {
      const opened = talk(
        (client, done) => client.opendir(path, done),
        (id) => server.handle(id, handle),
      );
      expect(opened.request).toEqual({ operation: "opendir", path });
      const { request, heard } = talk(
        (client, done) => (client as unknown as Listing).readdir(buffer(handle), { full: true }, done),
        (id) => server.names(id, entries),
      );
      expect(request).toEqual({ operation: "readdir", handle });
      const list = heard?.[1] as { filename: string; longname: string; attrs: Attributes }[];
      expect(
        list.map(({ filename, longname, attrs }) => ({ name: filename, longname, attributes: there(attrs) })),
      ).toEqual(entries);
    });
  });

  test("a file system", () => {
    const names = [
      "bsize",
      "frsize",
      "blocks",
      "bfree",
      "bavail",
      "files",
      "ffree",
      "favail",
      "fsid",
      "flag",
      "namemax",
    ];
    run(
      fc.tuple(a.paths, a.handles, fc.array(a.offsets, { minLength: 11, maxLength: 11 })),
      ([path, handle, numbers]) => {
        const value = Object.fromEntries(names.map((name, index) => [name, numbers[index]]));
        const answer = (id: number) => server.fileSystem(id, value as never);
        const byPath = talk((client, done) => client.ext_openssh_statvfs(path, done), answer);
        expect(byPath.request).toEqual({ operation: "statvfs@openssh.com", path });
        // What OpenSSH calls f_fsid is f_sid to ssh2.
        const expected = Object.fromEntries(
          names.map((name, index) => [name === "fsid" ? "f_sid" : `f_${name}`, numbers[index]]),
        );
        expect(there(byPath.heard?.[1] as object)).toEqual(expected);
        const byHandle = talk((client, done) => client.ext_openssh_fstatvfs(buffer(handle), done), answer);
        expect(byHandle.request).toEqual({ operation: "fstatvfs@openssh.com", handle });
        expect(there(byHandle.heard?.[1] as object)).toEqual(expected);
      },
    );
  });

  test("copying on the server", () => {
    run(
      fc.tuple(a.handles, a.offsets, a.offsets, a.handles, a.offsets),
      ([from, fromOffset, length, to, toOffset]) => {
        const ask = (client: Client, done: Callback) =>
          client.ext_copy_data(buffer(from), fromOffset, length, buffer(to), toOffset, done);
        expect(talk(ask, ok).request).toEqual({
          operation: "copy-data",
          from,
          fromOffset,
          length,
          to,
          toOffset,
        });
      },
    );
  });

  test("users and groups", () => {
    run(fc.tuple(fc.array(a.uint32s), fc.array(a.uint32s)), ([uids, gids]) => {
      const { request } = talk(
        (client, done) => client.ext_users_groups(uids, gids, done),
        (id) => server.status(id, 4),
      );
      expect(request).toEqual({ operation: "users-groups-by-id@openssh.com", uids, gids });
    });
    // Of the reply it takes the bytes of a list for the number of its names, so it reads the empty one alone.
    const { heard } = talk(
      (client, done) => client.ext_users_groups([], [], done),
      (id) => server.usersGroups(id, [], []),
    );
    expect(heard).toEqual([undefined, [], []]);
  });

  test("ssh2's own expand-path@openssh.com is broken: it writes the path's length over the end of the name", () => {
    const side = started();
    side.sftp.ext_openssh_expandPath("~", () => {});
    const packet = side.sent();
    expect(new TextDecoder().decode(packet.subarray(13, 33))).toBe("expand-path@openssh.");
    expect(packet.subarray(33, 37)).toEqual(Uint8Array.of(0, 0, 0, 1));
  });
});
