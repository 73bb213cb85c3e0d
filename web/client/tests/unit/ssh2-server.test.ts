import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bytes, concat } from "../../src/bytes.ts";
import { type Attributes, decodeAttributes } from "../../src/codec/attributes.ts";
import * as extensions from "../../src/codec/extensions.ts";
import { Type } from "../../src/codec/numbers.ts";
import * as requests from "../../src/codec/request.ts";
import * as responses from "../../src/codec/response.ts";
import * as a from "../support/arbitraries.ts";
import { type Side, ssh2Side } from "../support/ssh2-sftp.ts";

const EVENTS = [
  ...[
    "OPEN",
    "CLOSE",
    "READ",
    "WRITE",
    "LSTAT",
    "FSTAT",
    "SETSTAT",
    "FSETSTAT",
    "OPENDIR",
    "READDIR",
    "REMOVE",
  ],
  ...["MKDIR", "RMDIR", "REALPATH", "STAT", "RENAME", "READLINK", "SYMLINK", "EXTENDED"],
] as const;

const init = () => {
  const { head } = requests.init();
  new DataView(head.buffer).setUint32(5, 3);
  return head;
};

/** ssh2's server after INIT, and what it takes requests for: event and fields. */
function started(): { side: Side; events: unknown[][] } {
  const side = ssh2Side(true);
  const events: unknown[][] = [];
  for (const event of EVENTS)
    side.sftp.on(event as never, ((...fields: unknown[]) => events.push([event, ...fields])) as never);
  side.receive(init());
  side.sent();
  return { side, events };
}

/** What ssh2's server reads of one request; its Buffers as plain bytes, its sizes as numbers. */
function seenBySsh2({ head, body }: requests.Request, id: number): unknown[] {
  const { side, events } = started();
  new DataView(head.buffer).setUint32(5, id);
  side.receive(concat(head, (body as Bytes | undefined) ?? new Uint8Array()));
  expect(events).toHaveLength(1);
  return (events[0] as unknown[]).map(plain);
}

function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return new Uint8Array(value);
  if (typeof value === "bigint") return Number(value);
  return value && typeof value === "object" && "mode" in value ? attributesOf(value) : value;
}

/** Its `Stats` has all fields, those that were not sent as undefined, and extended attributes as an object. */
function attributesOf(stats: object): Attributes {
  const there = Object.entries(stats).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    there.map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
  );
}

const run = <T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void) =>
  fc.assert(fc.property(arbitrary, check), { numRuns: 200 });

describe("ssh2's server reads of our requests what they say:", () => {
  const bytes = a.handleBytes;

  test("paths", () => {
    const operations = [
      ["LSTAT", requests.lstat],
      ["STAT", requests.stat],
      ["OPENDIR", requests.opendir],
      ["REMOVE", requests.remove],
      ["RMDIR", requests.rmdir],
      ["REALPATH", requests.realpath],
      ["READLINK", requests.readlink],
    ] as const;
    run(fc.tuple(a.uint32s, a.paths, fc.constantFrom(...operations)), ([id, path, [event, request]]) => {
      expect(seenBySsh2(request(path), id)).toEqual([event, id, path]);
    });
  });

  test("handles, offsets and data", () => {
    run(fc.tuple(a.uint32s, a.handles, a.offsets, a.uint32s, a.bytes), ([id, name, offset, length, data]) => {
      const handle = bytes(name);
      expect(seenBySsh2(requests.close(handle), id)).toEqual(["CLOSE", id, handle]);
      expect(seenBySsh2(requests.fstat(handle), id)).toEqual(["FSTAT", id, handle]);
      expect(seenBySsh2(requests.readdir(handle), id)).toEqual(["READDIR", id, handle]);
      expect(seenBySsh2(requests.read(handle, offset, length), id)).toEqual([
        "READ",
        id,
        handle,
        offset,
        length,
      ]);
      expect(seenBySsh2(requests.write(handle, offset, data as Bytes), id)).toEqual([
        "WRITE",
        id,
        handle,
        offset,
        data,
      ]);
    });
  });

  test("attributes", () => {
    run(fc.tuple(a.uint32s, a.paths, a.handles, a.plainAttributes), ([id, path, name, attributes]) => {
      const handle = bytes(name);
      expect(seenBySsh2(requests.setstat(path, attributes), id)).toEqual(["SETSTAT", id, path, attributes]);
      expect(seenBySsh2(requests.fsetstat(handle, attributes), id)).toEqual([
        "FSETSTAT",
        id,
        handle,
        attributes,
      ]);
      expect(seenBySsh2(requests.mkdir(path, attributes), id)).toEqual(["MKDIR", id, path, attributes]);
      expect(seenBySsh2(requests.open(path, 0x3f, attributes), id)).toEqual([
        "OPEN",
        id,
        path,
        0x3f,
        attributes,
      ]);
    });
  });

  test("extended attributes", () => {
    const extended: [string, Uint8Array][] = [
      ["user.a", Uint8Array.of(1, 2)],
      ["b", new Uint8Array()],
    ];
    const [, , , attributes] = seenBySsh2(requests.setstat("x", { mode: 0o600, extended }), 1);
    expect(attributes).toEqual({
      mode: 0o600,
      extended: { "user.a": Buffer.from([1, 2]), b: Buffer.alloc(0) },
    });
  });

  test("two paths", () => {
    run(fc.tuple(a.uint32s, a.paths, a.paths), ([id, from, to]) => {
      expect(seenBySsh2(requests.rename(from, to), id)).toEqual(["RENAME", id, from, to]);
      // From OpenSSH clients ssh2 takes the target first, as we send it, and tells its handlers the link first.
      expect(seenBySsh2(requests.symlink(from, to), id)).toEqual(["SYMLINK", id, to, from]);
    });
  });

  test("the names of extensions, with all that follows", () => {
    const { head } = extensions.statvfs("/x");
    expect(seenBySsh2({ head }, 7)).toEqual([
      "EXTENDED",
      7,
      "statvfs@openssh.com",
      Uint8Array.of(0, 0, 0, 2, 0x2f, 0x78),
    ]);
    expect(seenBySsh2(requests.extended("limits@openssh.com"), 8)).toEqual([
      "EXTENDED",
      8,
      "limits@openssh.com",
      undefined,
    ]);
  });
});

describe("what ssh2's server says is read:", () => {
  const reply = (say: (sftp: Side["sftp"]) => void) => {
    const { side } = started();
    say(side.sftp);
    return responses.parse(side.sent().buffer);
  };

  test("VERSION", () => {
    const side = ssh2Side(true);
    side.receive(init());
    const { type, id, body } = responses.parse(side.sent().buffer);
    expect([type, id, responses.decodeVersion(body)]).toEqual([Type.VERSION, 3, new Map()]);
  });

  test("STATUS", () => {
    run(fc.tuple(a.uint32s, fc.integer({ min: 0, max: 8 }), a.texts), ([id, status, message]) => {
      const said = reply((sftp) => sftp.status(id, status, message));
      expect([said.type, said.id, responses.decodeStatus(said.body)]).toEqual([
        Type.STATUS,
        id,
        { status, message },
      ]);
    });
  });

  test("HANDLE and DATA", () => {
    run(fc.tuple(a.uint32s, a.handles, a.bytes), ([id, handle, data]) => {
      const said = reply((sftp) => sftp.handle(id, Buffer.from(handle, "latin1")));
      expect([said.type, said.id]).toEqual([Type.HANDLE, id]);
      expect(responses.decodeHandle(said.body)).toEqual(a.handleBytes(handle));
      const read = reply((sftp) => sftp.data(id, Buffer.from(data)));
      expect([read.type, read.id, read.body.string()]).toEqual([Type.DATA, id, data]);
    });
  });

  test("ATTRS and NAME", () => {
    const entry = fc.record({ filename: a.texts, longname: a.texts, attrs: a.plainAttributes });
    run(fc.tuple(a.uint32s, fc.array(entry, { maxLength: 5 }), a.plainAttributes), ([id, names, attrs]) => {
      const said = reply((sftp) => sftp.attrs(id, attrs));
      expect([said.type, said.id, decodeAttributes(said.body)]).toEqual([Type.ATTRS, id, attrs]);
      const read = reply((sftp) => sftp.name(id, names));
      expect([read.type, read.id]).toEqual([Type.NAME, id]);
      expect(
        responses
          .decodeNames(read.body)
          .map(({ name, longname, attributes }) => ({ name, longname, attributes })),
      ).toEqual(
        names.map(({ filename, longname, attrs }) => ({ name: filename, longname, attributes: attrs })),
      );
    });
  });
});
