import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bytes, concat, Reader, string, uint32, uint64 } from "../../src/bytes.ts";
import { decodeAttributes, fileType } from "../../src/codec/attributes.ts";
import * as extensions from "../../src/codec/extensions.ts";
import { Type } from "../../src/codec/numbers.ts";
import * as responses from "../../src/codec/response.ts";
import { ProtocolError } from "../../src/errors.ts";
import * as a from "../support/arbitraries.ts";
import { decodeReply, samples } from "../support/replies.ts";
import * as server from "../support/server-codec.ts";

/** What a request makes of the packet that answers it. */
const decoded = <T>({ decode }: extensions.Extended<T>, { buffer }: Bytes) =>
  decode?.(responses.parse(buffer).body) as T;

describe("responses", () => {
  test("what the server wrote is read", () => {
    const entries = fc.array(
      fc.record({ name: fc.oneof(a.texts, a.bytes), longname: a.texts, attributes: a.attributes }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(a.uint32s, entries, a.attributes, (id, names, attributes) => {
        const reply = responses.parse(server.names(id, names).buffer);
        expect([reply.type, reply.id]).toEqual([Type.NAME, id]);
        const read = responses.decodeNames(reply.body);
        expect(read.map(({ name, rawName }) => string(rawName ?? name))).toEqual(
          names.map(({ name }) => string(name)),
        );
        expect(read.map(({ longname, attributes }) => ({ longname, attributes }))).toEqual(
          names.map(({ longname, attributes }) => ({ longname, attributes })),
        );
        expect(decodeAttributes(responses.parse(server.attributes(id, attributes).buffer).body)).toEqual(
          attributes,
        );
      }),
    );
  });

  test("the numbers of a file system are those that were sent", () => {
    fc.assert(
      fc.property(fc.array(a.uint64s, { minLength: 11, maxLength: 11 }), (numbers) => {
        const [bsize, frsize, blocks, bfree, bavail, files, ffree, favail, fsid, flag, namemax] =
          numbers as never[];
        const value = {
          bsize,
          frsize,
          blocks,
          bfree,
          bavail,
          files,
          ffree,
          favail,
          fsid,
          flag,
          namemax,
        } as never;
        const read = decoded(extensions.statvfs("x"), server.fileSystem(1, value));
        const counts = [
          read.blockSize,
          read.fragmentSize,
          read.blocks,
          read.freeBlocks,
          read.availableBlocks,
        ];
        const files_ = [read.files, read.freeFiles, read.availableFiles];
        expect([...counts, ...files_]).toEqual(numbers.slice(0, 8).map(Number));
        expect([read.id, read.readOnly, read.nameMax]).toEqual([
          fsid,
          ((flag ?? 0n) as bigint) % 2n === 1n,
          Number(namemax),
        ]);
      }),
    );
  });

  test("users, groups and hashes are those that were sent", () => {
    fc.assert(
      fc.property(fc.array(a.texts), fc.array(a.texts), a.bytes, (users, groups, hashes) => {
        const names = extensions.usersGroupsById(
          users.map(() => 0),
          groups.map(() => 0),
        );
        expect(decoded(names, server.usersGroups(1, users, groups))).toEqual({ users, groups });
        const found = extensions.checkFile("x", { algorithms: ["md5", "sha256"] });
        expect(decoded(found, server.hashes(1, "sha256", hashes))).toEqual({ algorithm: "sha256", hashes });
        const older = server.extendedReply(1, string("check-file"), string("md5"), hashes);
        expect(decoded(found, older)).toEqual({ algorithm: "md5", hashes });
      }),
    );
  });

  test("names that were not asked for, or are missing, are a ProtocolError", () => {
    const reply = server.usersGroups(1, ["root"], []);
    for (const [users, groups] of [
      [[], []],
      [[0, 1], []],
      [[0], [0]],
    ] as const)
      expect(() => decoded(extensions.usersGroupsById(users, groups), reply)).toThrow(ProtocolError);
  });

  test("a hash by an algorithm that nobody asked for is a ProtocolError", () => {
    const request = extensions.checkFile("x", { algorithms: ["sha256"] });
    expect(() => decoded(request, server.hashes(1, "crc32", new Uint8Array(4)))).toThrow(ProtocolError);
  });

  test("a size of 2^53 or more is left out, and the rest of the listing is there", () => {
    const huge = (size: bigint) => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, size);
      return concat(uint32(1), bytes);
    };
    const entry = (name: string, attributes: Uint8Array) => concat(string(name), string(""), attributes);
    const parts = [
      entry("a", huge(2n ** 64n - 1n)),
      entry("b", huge(2n ** 53n)),
      entry("c", huge(2n ** 53n - 1n)),
    ];
    const names = responses.decodeNames(new Reader(concat(uint32(3), ...parts)));
    expect(names.map(({ name, attributes }) => [name, attributes.size])).toEqual([
      ["a", undefined],
      ["b", undefined],
      ["c", 2 ** 53 - 1],
    ]);
  });

  test("the type of a file is that of the upper bits of its mode", () => {
    const type = (mode: number) => fileType({ mode });
    expect([0o100644, 0o40755, 0o120777].map(type)).toEqual(["file", "directory", "symlink"]);
    expect([0o140777, 0o20000, 0o644, 0xffffffff].map(type)).toEqual(["other", "other", "other", "other"]);
    expect(fileType({})).toBe("other");
  });

  test("a name that is not UTF-8 keeps its bytes, and one that is has none", () => {
    const names = [
      Uint8Array.of(0x61, 0xff),
      "a\u202eb",
      "<img src=x onerror=alert(1)>",
      "\ufeffbom",
      "a\nb",
      "a\\b",
    ];
    const reply = responses.parse(
      server.names(
        1,
        names.map((name) => ({ name })),
      ).buffer,
    );
    expect(responses.decodeNames(reply.body).map(({ name, rawName }) => rawName ?? name)).toEqual(names);
  });

  test("a count that cannot be true is a ProtocolError, and takes no memory", () => {
    const liar = (count: number) => new Reader(concat(uint32(count), new Uint8Array(24)));
    expect(() => responses.decodeNames(liar(3))).toThrow(/4 bytes where 0 may be/);
    expect(() => responses.decodeNames(liar(0xffffffff))).toThrow(ProtocolError);
    expect(responses.decodeNames(liar(2))).toHaveLength(2);
    const extended = new Reader(concat(uint32(0x80000000), uint32(0xffffffff), new Uint8Array(16)));
    expect(() => decodeAttributes(extended)).toThrow(/4 bytes where 0 may be/);
  });

  test("STATUS without a message, or without a language, is read", () => {
    expect(responses.decodeStatus(new Reader(uint32(4)))).toEqual({ status: 4, message: "" });
    expect(responses.decodeStatus(new Reader(concat(uint32(4), string("no"))))).toEqual({
      status: 4,
      message: "no",
    });
  });

  test("of a message without end, a thousand characters are kept", () => {
    const { message } = responses.decodeStatus(new Reader(concat(uint32(4), string("x".repeat(100_000)))));
    expect(message).toHaveLength(1000);
  });

  test("a handle of more than 256 bytes is a ProtocolError", () => {
    expect(responses.decodeHandle(new Reader(string(new Uint8Array(256))))).toHaveLength(256);
    expect(() => responses.decodeHandle(new Reader(string(new Uint8Array(257))))).toThrow(ProtocolError);
  });

  test("a handle, a raw name and extended data outlive the packet they came in", () => {
    const packet = server.handle(1, "\x07\x07");
    const handle = responses.decodeHandle(responses.parse(packet.buffer).body);
    const names = server.names(1, [
      { name: Uint8Array.of(0xff), attributes: { extended: [["x", Uint8Array.of(9)]] } },
    ]);
    const [entry] = responses.decodeNames(responses.parse(names.buffer).body);
    packet.fill(0);
    names.fill(0);
    expect(handle).toEqual(Uint8Array.of(7, 7));
    expect(entry?.rawName).toEqual(Uint8Array.of(0xff));
    expect(entry?.attributes.extended).toEqual([["x", Uint8Array.of(9)]]);
  });

  test("bytes behind the fields do not matter", () => {
    const more = (packet: Bytes) => new Reader(concat(packet.subarray(9), Uint8Array.of(1, 2, 3)));
    expect(decodeAttributes(more(server.attributes(1, { mode: 1 })))).toEqual({ mode: 1 });
    expect(responses.decodeNames(more(server.names(1, [{ name: "x" }])))).toHaveLength(1);
    expect(responses.decodeStatus(more(server.status(1, 2, "no")))).toEqual({ status: 2, message: "no" });
  });

  test("flags that are unknown do not matter, unless what follows shows that they had fields", () => {
    const entry = (name: string) => concat(string(name), string(""), uint32(0x10));
    expect(decodeAttributes(new Reader(concat(uint32(0x1e), new Uint8Array(20))))).toHaveProperty("mode", 0);
    expect(responses.decodeNames(new Reader(concat(uint32(2), entry("a"), entry("b"))))).toHaveLength(2);
    const withFields = concat(uint32(2), entry("a"), new Uint8Array(4), entry("b"), new Uint8Array(4));
    expect(() => responses.decodeNames(new Reader(withFields))).toThrow(ProtocolError);
  });

  test("an extension counts in the version that is known", () => {
    const announced = responses.decodeVersion(
      new Reader(concat(...["statvfs@openssh.com", "2"].map(string))),
    );
    expect(extensions.announces(announced, "statvfs@openssh.com")).toBe(true);
    expect(extensions.announces(new Map([["statvfs@openssh.com", "1"]]), "statvfs@openssh.com")).toBe(false);
    expect(extensions.announces(new Map([["hardlink@openssh.com", "2"]]), "hardlink@openssh.com")).toBe(
      false,
    );
    expect(extensions.announces(new Map(), "copy-data")).toBe(false);
  });

  test("every extension that OpenSSH announces is known in its version", () => {
    const { id, body } = responses.parse(server.version(server.OPENSSH_EXTENSIONS).buffer);
    const announced = responses.decodeVersion(body);
    // It stands where other packets have their id.
    expect(id).toBe(3);
    for (const feature of Object.keys(server.OPENSSH_EXTENSIONS) as extensions.Feature[])
      expect(extensions.announces(announced, feature), feature).toBe(true);
  });
});

describe("what a hostile server sends", () => {
  test("every truncation of a reply is a ProtocolError, but where what is left is whole", () => {
    const whole = Object.fromEntries(samples().map(([name, packet]) => [name, truncationsRead(packet)]));
    const none = samples().map(([name]) => [name, []]);
    expect(whole).toEqual({
      ...Object.fromEntries(none),
      // The number of handles is not asked about.
      limits: [33, 34, 35, 36, 37, 38, 39, 40],
      // After the number, and after the first extension.
      version: [9, 19],
      // Without message, without language, and with a language cut short, which nobody reads.
      status: [13, 20, 21, 22, 23, 24, 25],
      // The hashes are all bytes that follow.
      hashes: [16, 17, 18],
    });
  });

  test("a packet that is longer or shorter than it says is a ProtocolError", () => {
    for (const [, packet] of samples())
      for (const wrong of [packet.slice(0, -1), concat(packet, new Uint8Array(1))])
        expect(() => responses.parse(wrong.buffer)).toThrow(ProtocolError);
  });

  test("random bytes are a ProtocolError or are read, and nothing else", () => {
    fc.assert(
      fc.property(a.bytes, (bytes) => {
        const packet = concat(uint32(bytes.length), bytes);
        try {
          decodeReply(packet.buffer);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("uint64 is exact to the last safe integer", () => {
    fc.assert(
      fc.property(a.offsets, (value) => {
        expect(new Reader(uint64(value)).bigUint64()).toBe(BigInt(value));
      }),
    );
  });
});

/** The lengths to which a packet can be cut, and is read all the same. */
function truncationsRead(packet: Bytes): number[] {
  return Array.from(packet.keys()).filter((length) => {
    const cut = packet.slice(0, length);
    if (length >= 4) new DataView(cut.buffer).setUint32(0, length - 4);
    try {
      decodeReply(cut.buffer);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      return false;
    }
  });
}
