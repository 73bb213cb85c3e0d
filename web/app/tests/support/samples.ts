/** Files of many kinds, small ones and large ones. */

import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { deflateSync } from "node:zlib";

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crcOf(body));
  return Buffer.concat([length, body, sum]);
}

function crcOf(bytes: Buffer): number {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb8_8320 : sum >>> 1;
  }
  return ~sum >>> 0;
}

/** Red, green and blue, from 0 to 255; the place as parts of the whole. */
type Painting = (x: number, y: number) => readonly [number, number, number];

const gradient: Painting = (x, y) => [255 * x, 255 * y, 120];

/** A gradient, or another painting. */
export function png(width: number, height: number, painting = gradient): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const lines = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      lines.set(painting(x / width, y / height), y * (1 + 3 * width) + 1 + 3 * x);
  const sign = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([
    sign,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(lines)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const RATE = 44_100;

/** So many bytes of silence, of which only the header takes room on the disk. Returns the seconds. */
export function sparseWav(path: string, bytes: number): number {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(bytes - 8, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(2, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 4, 28);
  header.writeUInt16LE(4, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(bytes - 44, 40);
  const file = openSync(path, "w");
  writeSync(file, header);
  ftruncateSync(file, bytes);
  closeSync(file);
  return bytes / (RATE * 4);
}

/** One page of 300 by 300, filled with red. */
export const RED_PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R>>endobj
4 0 obj<</Length 26>>stream
1 0 0 rg 0 0 300 300 re f
endstream endobj
trailer<</Root 1 0 R>>
`;
