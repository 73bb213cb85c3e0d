import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bytes, concat } from "../../src/bytes.ts";
import { encodeAttributes } from "../../src/codec/attributes.ts";
import * as extensions from "../../src/codec/extensions.ts";
import * as requests from "../../src/codec/request.ts";
import * as a from "../support/arbitraries.ts";
import * as server from "../support/server-codec.ts";

const sent = ({ head, body }: requests.Request, id: number): Bytes => {
  new DataView(head.buffer).setUint32(5, id);
  return concat(head, (body as Bytes | undefined) ?? new Uint8Array());
};

const opened = (handle: string) => ({ handle: a.handleBytes(handle) });

/** What the server reads of each request, and what was asked for. */
const REQUESTS: fc.Arbitrary<[requests.Request, object]> = fc.oneof(
  fc
    .tuple(a.paths, a.uint32s, a.attributes)
    .map(([path, flags, attributes]): [requests.Request, object] => [
      requests.open(path, flags, attributes),
      { operation: "open", path, flags, attributes },
    ]),
  fc
    .tuple(a.handles, a.offsets, a.uint32s, a.bytes)
    .chain(([handle, offset, length, data]) =>
      fc.constantFrom<[requests.Request, object]>(
        [requests.close(a.handleBytes(handle)), { operation: "close", handle }],
        [requests.fstat(a.handleBytes(handle)), { operation: "fstat", handle }],
        [requests.readdir(a.handleBytes(handle)), { operation: "readdir", handle }],
        [requests.read(a.handleBytes(handle), offset, length), { operation: "read", handle, offset, length }],
        [
          requests.write(a.handleBytes(handle), offset, data as Bytes),
          { operation: "write", handle, offset, data },
        ],
        [extensions.statvfs(opened(handle)), { operation: "fstatvfs@openssh.com", handle }],
        [extensions.fsync(opened(handle)), { operation: "fsync@openssh.com", handle }],
      ),
    ),
  a.paths.chain((path) =>
    fc.constantFrom<[requests.Request, object]>(
      [requests.lstat(path), { operation: "lstat", path }],
      [requests.stat(path), { operation: "stat", path }],
      [requests.opendir(path), { operation: "opendir", path }],
      [requests.remove(path), { operation: "remove", path }],
      [requests.rmdir(path), { operation: "rmdir", path }],
      [requests.realpath(path), { operation: "realpath", path }],
      [requests.readlink(path), { operation: "readlink", path }],
      [extensions.statvfs(path), { operation: "statvfs@openssh.com", path }],
      [extensions.expandPath(path), { operation: "expand-path@openssh.com", path }],
      [extensions.homeDirectory(path), { operation: "home-directory", user: path }],
      [requests.extended("limits@openssh.com"), { operation: "limits@openssh.com" }],
    ),
  ),
  fc
    .tuple(a.paths, a.paths, a.handles, a.attributes)
    .chain(([from, to, handle, attributes]) =>
      fc.constantFrom<[requests.Request, object]>(
        [requests.rename(from, to), { operation: "rename", from, to }],
        [requests.symlink(from, to), { operation: "symlink", target: from, link: to }],
        [extensions.posixRename(from, to), { operation: "posix-rename@openssh.com", from, to }],
        [extensions.hardlink(from, to), { operation: "hardlink@openssh.com", from, to }],
        [requests.setstat(from, attributes), { operation: "setstat", path: from, attributes }],
        [requests.mkdir(from, attributes), { operation: "mkdir", path: from, attributes }],
        [
          extensions.lsetstat(from, attributes),
          { operation: "lsetstat@openssh.com", path: from, attributes },
        ],
        [requests.fsetstat(a.handleBytes(handle), attributes), { operation: "fsetstat", handle, attributes }],
      ),
    ),
  fc
    .tuple(a.handles, a.offsets, a.offsets, a.handles, a.offsets)
    .map(([from, fromOffset, length, to, toOffset]): [requests.Request, object] => [
      extensions.copyData(opened(from), fromOffset, length, opened(to), toOffset),
      { operation: "copy-data", from, fromOffset, length, to, toOffset },
    ]),
  fc
    .tuple(fc.array(a.uint32s), fc.array(a.uint32s))
    .map(([uids, gids]): [requests.Request, object] => [
      extensions.usersGroupsById(uids, gids),
      { operation: "users-groups-by-id@openssh.com", uids, gids },
    ]),
  fc
    .tuple(a.paths, a.handles, a.offsets, fc.integer({ min: 1 }), a.uint32s)
    .chain(([path, handle, offset, length, blockSize]) => {
      const range = { algorithms: ["sha256", "md5"], offset, length, blockSize };
      return fc.constantFrom<[requests.Request, object]>(
        [extensions.checkFile(path, range), { operation: "check-file-name", path, ...range }],
        [extensions.checkFile(opened(handle), range), { operation: "check-file-handle", handle, ...range }],
      );
    }),
);

describe("requests", () => {
  test("the server reads every request as it was meant, and no byte is left over", () => {
    fc.assert(
      fc.property(REQUESTS, a.uint32s, ([request, fields], id) => {
        expect(server.decodeRequest(sent(request, id))).toEqual({ id, ...fields });
      }),
      { numRuns: 2000 },
    );
  });

  test("INIT asks for version 3", () => {
    expect(server.decodeRequest(sent(requests.init(), 3))).toEqual({ operation: "init", id: 0, version: 3 });
  });

  test("a path with NUL is a TypeError, for servers cut there or end the session", () => {
    for (const path of ["a\0b", "\0", Uint8Array.of(0x61, 0, 0x62)]) {
      expect(() => requests.remove(path)).toThrow(TypeError);
      expect(() => requests.rename("x", path)).toThrow(TypeError);
      expect(() => requests.symlink(path, "x")).toThrow(TypeError);
      expect(() => extensions.posixRename("x", path)).toThrow(TypeError);
    }
  });

  test("half of a surrogate pair is a TypeError, for it would be sent as another name", () => {
    for (const path of ["\ud800", "a\udc00b", "\udc00\ud800"])
      expect(() => requests.remove(path)).toThrow(TypeError);
    expect(() => requests.remove("\ud83d\ude00")).not.toThrow();
  });

  test("bytes that are not UTF-8 are sent as they are", () => {
    const path = Uint8Array.of(0x2f, 0xff, 0xfe);
    expect(server.decodeRequest(sent(requests.stat(path), 1))).toEqual({ id: 1, operation: "stat", path });
  });

  test.each([{ uid: 1 }, { gid: 1 }, { atime: 1 }, { mtime: 1 }, { uid: 1, gid: undefined }])(
    "%j is a TypeError, for the wire has both or none",
    (attributes) => {
      expect(() => encodeAttributes(attributes as object)).toThrow(TypeError);
    },
  );

  test.each([
    { size: -1 },
    { size: 2 ** 53 },
    { size: 1.5 },
    { size: Number.NaN },
    { mode: -1 },
    { uid: 2 ** 32, gid: 0 },
    { atime: 0, mtime: 1.5 },
    { atime: -1, mtime: 0 },
  ])("%j is a RangeError and is not cut to fit", (attributes) => {
    expect(() => encodeAttributes(attributes)).toThrow(RangeError);
  });

  test("an offset that is no safe integer is a RangeError", () => {
    for (const offset of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => requests.read(new Uint8Array(), offset, 1)).toThrow(RangeError);
  });

  test("a hash of no bytes is a RangeError, for on the wire it means all", () => {
    expect(() => extensions.checkFile("x", { algorithms: ["md5"], length: 0 })).toThrow(RangeError);
  });
});
