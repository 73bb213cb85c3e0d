/** Pictures of the page for the documents: PNG with 256 colours, a third of what a browser writes. */

import { crc32, deflateSync } from "node:zlib";
import type { ChromiumPerson } from "./chromium.ts";

const COLOURS = 256;

export async function pictureOf({ page, context }: ChromiumPerson): Promise<Buffer> {
  const png = await page.screenshot({ animations: "disabled" });
  // The page's own policy would not let this happen there.
  const blank = await context.newPage();
  const [width, height, pixels] = await blank.evaluate(read, png.toString("base64"));
  await blank.close();
  await page.bringToFront();
  return encode(width, height, Buffer.from(pixels, "base64"));
}

/** Width, height, and four bytes a pixel. */
async function read(png: string): Promise<[number, number, string]> {
  const bytes = Uint8Array.from(atob(png), (it) => it.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas?.drawImage(image, 0, 0);
  const { data } = canvas?.getImageData(0, 0, width, height) ?? { data: [] };
  let text = "";
  for (let at = 0; at < data.length; at += 32_768)
    text += String.fromCharCode(...data.slice(at, at + 32_768));
  return [width, height, btoa(text)];
}

function encode(width: number, height: number, pixels: Buffer): Buffer {
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 4) {
    const colour = pixels.readUIntBE(at, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, COLOURS)
    .map(([colour]) => colour);
  const places = new Map([...counts.keys()].map((colour) => [colour, nearest(palette, colour)]));
  const lines = Buffer.alloc(height * (width + 1));
  for (let at = 0; at < width * height; at++)
    lines[at + Math.floor(at / width) + 1] = places.get(pixels.readUIntBE(at * 4, 3)) ?? 0;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("PLTE", Buffer.concat(palette.map((colour) => Buffer.from(partsOf(colour))))),
    chunk("IDAT", deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const partsOf = (colour: number) => [colour >> 16, (colour >> 8) & 255, colour & 255] as const;

function nearest(palette: readonly number[], colour: number): number {
  const parts = partsOf(colour);
  const distance = (other: number) =>
    partsOf(other).reduce((sum, part, index) => sum + (part - (parts[index] ?? 0)) ** 2, 0);
  return palette.reduce((best, it, at) => (distance(it) < distance(palette[best] ?? 0) ? at : best), 0);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
