/** Bytes as SSH writes them (RFC 4251, section 5). Every length is checked before memory is taken. */

import { ProtocolError } from "./errors.ts";

/** Bytes that a transport can send. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export const utf8 = (text: string): Bytes => encoder.encode(text) as Bytes;

export const bytesOf = (value: string | Uint8Array): Uint8Array =>
  typeof value === "string" ? utf8(value) : value;

/** For reading only: what is not UTF-8 becomes U+FFFD. */
export const text = (bytes: Uint8Array): string => decoder.decode(bytes);

export const byteLength = (data: Uint8Array | Blob): number =>
  data instanceof Blob ? data.size : data.length;

export function concat(...parts: ArrayLike<number>[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** An encoder of so many bytes: a RangeError for what is no integer from 0 to `most`. */
const integer =
  (length: number, most: number) =>
  (value: number): Bytes => {
    if (!(value >= 0 && value <= most && value % 1 === 0))
      throw new RangeError(`${value} is not from 0 to ${most}`);
    // Each byte is cut from a quotient, which is exact for powers of two.
    return Uint8Array.from({ length }, (_, at) => value / 256 ** (length - 1 - at));
  };

export const uint32 = integer(4, 2 ** 32 - 1);

/** uint64 of a safe integer. */
export const uint64 = integer(8, Number.MAX_SAFE_INTEGER);

/** string: uint32 and as many bytes. */
export function string(value: string | Uint8Array): Bytes {
  const bytes = bytesOf(value);
  return concat(uint32(bytes.length), bytes);
}

/** Reads fields one after the other; what is not there is a ProtocolError. */
export class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.#view.byteLength - this.#at;
  }

  /** Where that many bytes begin: a ProtocolError where they cannot be there. */
  #skip(length: number, most = this.left): number {
    if (length > Math.min(most, this.left)) throw new ProtocolError(`${length} bytes where ${most} may be`);
    this.#at += length;
    return this.#at - length;
  }

  uint32(): number {
    return this.#view.getUint32(this.#skip(4));
  }

  /** uint64, exact. */
  bigUint64(): bigint {
    return this.#view.getBigUint64(this.#skip(8));
  }

  /** A view, not a copy. A ProtocolError above `most` bytes. */
  string(most?: number): Uint8Array {
    return this.bytes(this.uint32(), most);
  }

  text(): string {
    return text(this.string());
  }

  /** A view, too. */
  bytes(length: number, most?: number): Uint8Array {
    const at = this.#skip(length, most);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length);
  }
}
