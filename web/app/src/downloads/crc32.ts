/** CRC-32 as zip has it (ISO 3309), eight bytes at a time. */

const TABLES = Array.from({ length: 8 }, () => new Uint32Array(256));

const [FIRST = new Uint32Array(256)] = TABLES;
for (let byte = 0; byte < 256; byte++) {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb8_8320 : sum >>> 1;
  FIRST[byte] = sum;
}
for (let table = 1; table < 8; table++)
  for (let byte = 0; byte < 256; byte++) {
    const before = TABLES[table - 1]?.[byte] ?? 0;
    (TABLES[table] as Uint32Array)[byte] = (before >>> 8) ^ (FIRST[before & 255] ?? 0);
  }

const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** `before` is the sum of what came before. */
export function crc32(bytes: Uint8Array, before = 0): number {
  // Indices are in range: the checks would cost half of the speed.
  const at = (table: Uint32Array, index: number) => table[index & 255] as number;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let sum = ~before;
  let index = 0;
  for (; index + 8 <= bytes.length; index += 8) {
    const low = view.getUint32(index, true) ^ sum;
    const high = view.getUint32(index + 4, true);
    sum =
      at(T7, low) ^
      at(T6, low >>> 8) ^
      at(T5, low >>> 16) ^
      at(T4, low >>> 24) ^
      at(T3, high) ^
      at(T2, high >>> 8) ^
      at(T1, high >>> 16) ^
      at(T0, high >>> 24);
  }
  for (; index < bytes.length; index++) sum = (sum >>> 8) ^ at(T0, sum ^ (bytes[index] as number));
  return ~sum >>> 0;
}
