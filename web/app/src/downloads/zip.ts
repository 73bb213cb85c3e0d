/**
 * Writes a zip file, in one go and without knowing what is to come (APPNOTE 6.3.9). Nothing is compressed: what is large is
 * so already. Sizes and sums follow each file; Zip64 where something is too large for the old format, or too much for it.
 */

import { crc32 } from "./crc32.ts";

export interface ZipEntry {
  /** With slashes, and none at the end. */
  readonly name: string;
  readonly directory?: boolean;
  /** Seconds since 1970. */
  readonly mtime?: number | undefined;
  /** What is known of it before: it decides about the format. */
  readonly size?: number | undefined;
  readonly executable?: boolean;
  /** Nothing is read before. Not for directories. */
  content?(): AsyncIterable<Uint8Array>;
}

/** One that is complete. */
interface Written {
  readonly name: Uint8Array;
  readonly entry: ZipEntry;
  readonly offset: number;
  readonly size: number;
  readonly crc: number;
}

const LIMIT = 0xffff_ffff;
const ENTRIES = 0xffff;
/** Zip64, and made by Unix. */
const VERSION = 45;
const UNIX = 3 << 8;
/** Names are UTF-8; sizes follow. */
const UTF8 = 0x0800;
const FOLLOWS = 0x0008;

/**
 * What cannot be read is told to `broken`, and is not in the file: a reader goes by the directory at the end, where it is not
 * listed. What `broken` throws is the end of the zip.
 */
export async function* zip(
  entries: AsyncIterable<ZipEntry>,
  broken: (entry: ZipEntry, error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  const written: Uint8Array[] = [];
  let offset = 0;
  let count = 0;
  for await (const entry of entries) {
    const name = new TextEncoder().encode(entry.directory ? `${entry.name}/` : entry.name);
    const start = offset;
    try {
      let [size, crc] = [0, 0];
      const content = entry.content?.()[Symbol.asyncIterator]();
      // Before anything is written of it: most failures are those of opening.
      let next = await content?.next();
      const isLarge = isLargeAs(entry);
      const header = localHeader(name, entry, isLarge);
      offset += header.length;
      yield header;
      for (; next && !next.done; next = await content?.next()) {
        crc = crc32(next.value, crc);
        size += next.value.length;
        offset += next.value.length;
        yield next.value;
        if (size >= LIMIT && !isLarge) throw new RangeError("it has grown meanwhile");
      }
      if (!entry.directory) {
        const tail = descriptor(crc, size, isLarge);
        offset += tail.length;
        yield tail;
      }
      written.push(listed({ name, entry, offset: start, size, crc }));
      count++;
    } catch (error) {
      broken(entry, error);
    }
  }
  const begin = offset;
  for (const record of written) {
    offset += record.length;
    yield record;
  }
  yield end(count, begin, offset);
}

/** A file whose size nobody knows may be of any. */
const isLargeAs = ({ directory, size }: ZipEntry) => !directory && (size === undefined || size >= LIMIT);

/** Little-endian numbers, one after the other: `[bytes, value]`. */
function record(fields: readonly (readonly [1 | 2 | 4 | 8, number])[], ...more: Uint8Array[]): Uint8Array {
  const own = fields.reduce((sum, [bytes]) => sum + bytes, 0);
  const all = new Uint8Array(more.reduce((sum, { length }) => sum + length, own));
  const view = new DataView(all.buffer);
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 1) view.setUint8(at, value);
    else if (bytes === 2) view.setUint16(at, value, true);
    else if (bytes === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  for (const part of more) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Version, flags, no compression, and the time by the clock of this place. */
function common({ directory, mtime }: ZipEntry): (readonly [2, number])[] {
  const date = new Date((mtime ?? 0) * 1000);
  const isKnown = mtime !== undefined && date.getFullYear() >= 1980 && date.getFullYear() < 2108;
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  return [
    [2, VERSION],
    [2, directory ? UTF8 : UTF8 | FOLLOWS],
    [2, 0],
    [2, isKnown ? time : 0],
    // The first of January 1980.
    [2, isKnown ? day : 0x21],
  ];
}

/** The exact time, wherever it is read (Info-ZIP's `UT`). */
function exactTime({ mtime }: ZipEntry): Uint8Array {
  if (mtime === undefined || mtime < 0 || mtime >= 2 ** 31) return new Uint8Array(0);
  return record([
    [2, 0x5455],
    [2, 5],
    [1, 1],
    [4, mtime],
  ]);
}

function localHeader(name: Uint8Array, entry: ZipEntry, isLarge: boolean): Uint8Array {
  const none = [
    [2, 1],
    [2, 16],
    [8, 0],
    [8, 0],
  ] as const;
  const large = isLarge ? record(none) : new Uint8Array(0);
  const time = exactTime(entry);
  const size = isLarge ? LIMIT : 0;
  return record(
    [
      [4, 0x0403_4b50],
      ...common(entry),
      [4, 0],
      [4, size],
      [4, size],
      [2, name.length],
      [2, large.length + time.length],
    ],
    name,
    large,
    time,
  );
}

const descriptor = (crc: number, size: number, isLarge: boolean) =>
  record([
    [4, 0x0807_4b50],
    [4, crc],
    [isLarge ? 8 : 4, size],
    [isLarge ? 8 : 4, size],
  ]);

/** In the directory at the end. */
function listed({ name, entry, offset, size, crc }: Written): Uint8Array {
  const large: (readonly [8, number])[] = [];
  if (size >= LIMIT) large.push([8, size], [8, size]);
  if (offset >= LIMIT) large.push([8, offset]);
  const zip64 = large.length ? record([[2, 1], [2, 8 * large.length], ...large]) : new Uint8Array(0);
  const time = exactTime(entry);
  return record(
    [
      [4, 0x0201_4b50],
      [2, UNIX | VERSION],
      ...common(entry),
      [4, crc],
      [4, Math.min(size, LIMIT)],
      [4, Math.min(size, LIMIT)],
      [2, name.length],
      [2, zip64.length + time.length],
      [2, 0],
      [2, 0],
      [2, 0],
      // What DOS knows of it, and above it the mode: no more than what makes it usable.
      [2, entry.directory ? 0x10 : 0],
      [2, entry.directory ? 0o040755 : entry.executable ? 0o100755 : 0o100644],
      [4, Math.min(offset, LIMIT)],
    ],
    name,
    zip64,
    time,
  );
}

function end(count: number, begin: number, over: number): Uint8Array {
  const size = over - begin;
  const isLarge = count >= ENTRIES || begin >= LIMIT || size >= LIMIT;
  const zip64 = record([
    [4, 0x0606_4b50],
    [8, 44],
    [2, UNIX | VERSION],
    [2, VERSION],
    [4, 0],
    [4, 0],
    [8, count],
    [8, count],
    [8, size],
    [8, begin],
    [4, 0x0706_4b50],
    [4, 0],
    [8, over],
    [4, 1],
  ]);
  const plain = record([
    [4, 0x0605_4b50],
    [2, 0],
    [2, 0],
    [2, Math.min(count, ENTRIES)],
    [2, Math.min(count, ENTRIES)],
    [4, Math.min(size, LIMIT)],
    [4, Math.min(begin, LIMIT)],
    [2, 0],
  ]);
  return isLarge ? record([], zip64, plain) : plain;
}
