/** Random values of the kinds that SFTP has, for tests of properties. */

import fc from "fast-check";
import type { Attributes } from "../../src/codec/attributes.ts";

export const uint32s = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
);
export const offsets = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1));
export const uint64s = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
export const bytes = fc.uint8Array({ maxLength: 300 });

/** Text that UTF-8 can say, with every awkward character in it but U+FFFD, which stands for what it cannot. */
export const texts = fc
  .oneof(fc.string({ unit: "binary" }), fc.string(), fc.constantFrom("", "\ufeffname", "a\nb", "\u202e.gpj"))
  .filter((text) => !/[\p{Cs}\ufffd]/u.test(text));
/** What can be sent as a path. */
export const paths = texts.map((text) => text.replaceAll("\0", "/"));
/** As the server's half of the codec shows them: one character a byte. */
export const handles = fc
  .uint8Array({ maxLength: 256 })
  .map((bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
export const handleBytes = (handle: string) => Uint8Array.from(handle, (char) => char.charCodeAt(0));

const some = <T extends object>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: {} });

/** Those that ssh2 can say too: it writes no extended ones. */
export const plainAttributes: fc.Arbitrary<Attributes> = fc
  .tuple(
    some(fc.record({ size: offsets })),
    some(fc.record({ uid: uint32s, gid: uint32s })),
    some(fc.record({ mode: uint32s })),
    some(fc.record({ atime: uint32s, mtime: uint32s })),
  )
  .map((parts) => Object.assign({}, ...parts));

export const attributes: fc.Arbitrary<Attributes> = fc
  .tuple(plainAttributes, some(fc.record({ extended: fc.array(fc.tuple(texts, bytes), { maxLength: 4 }) })))
  .map((parts) => Object.assign({}, ...parts));
