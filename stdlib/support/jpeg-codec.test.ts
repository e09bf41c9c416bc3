import sharp from "sharp";
import type { JpegOptions, Sharp } from "sharp";
import { beforeAll, expect, test } from "vitest";
import { openJpegCodec } from "./jpeg-codec.ts";
import type { JpegCodec } from "./jpeg-codec.ts";
import { readJpegHeader } from "./jpeg-header.ts";

let codec: JpegCodec;
beforeAll(async () => {
  codec = await openJpegCodec();
});

/** Shapes and noise, so that every frequency and both chroma channels have something to do. */
function scene(width: number, height: number): Sharp {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, index) => {
    const [x, y, channel] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width), index % 3];
    const shape = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (channel + 2) * 150 ? 200 : 40;
    return (shape + x * (channel + 1) + ((index * 7919) % 31)) % 256;
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

const kinds: readonly JpegOptions[] = [
  { quality: 75 },
  { quality: 2 },
  { quality: 100, chromaSubsampling: "4:4:4" },
  { quality: 30, progressive: true },
  { quality: 90, mozjpeg: true },
];

test.each(kinds)("every pixel is as sharp decodes it: %o", async (kind) => {
  for (const [width, height] of [[64, 48], [63, 47], [17, 5], [1, 1], [8, 1], [1, 9], [301, 202]]) {
    const jpeg = await scene(width, height).jpeg(kind).toBuffer();
    const ours = await codec.decode(jpeg);
    const { data } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    expect(ours !== undefined && Buffer.compare(ours, data)).toBe(0);
  }
});

test("pixels stay what they are when others are decoded", async () => {
  const [one, other] = await Promise.all([scene(64, 48), scene(48, 64).negate()].map((picture) => picture.jpeg().toBuffer()));
  const pixels = (await codec.decode(one)) ?? new Uint8Array();
  const before = Buffer.from(pixels);
  await codec.decode(other);
  expect(Buffer.compare(pixels, before)).toBe(0);
  expect(pixels.buffer.byteLength).toBe(pixels.byteLength);
});

test("a grey picture has one channel", async () => {
  const jpeg = await scene(40, 30).toColourspace("b-w").jpeg().toBuffer();
  expect(readJpegHeader(jpeg)).toEqual({ width: 40, height: 30, channels: 1, orientation: 1, hasProfile: false });
  expect(Buffer.compare((await codec.decode(jpeg)) ?? new Uint8Array(), await sharp(jpeg).toColourspace("b-w").raw().toBuffer())).toBe(0);
});

test("broken pictures are none, and however many there are, those after them are decoded", async () => {
  const jpeg = await scene(300, 300).jpeg().toBuffer();
  const whole = (await codec.decode(jpeg)) ?? new Uint8Array();
  for (let trial = 0; trial < 70; trial++) {
    expect(await codec.decode(jpeg.subarray(0, 700 + trial))).toBeUndefined();
    expect(Buffer.compare((await codec.decode(jpeg)) ?? new Uint8Array(), whole)).toBe(0);
  }
  expect(await codec.decode(Uint8Array.of(1, 2, 3))).toBeUndefined();
});

test("the header says what the picture is", async () => {
  expect(readJpegHeader(await scene(31, 20).jpeg({ progressive: true }).toBuffer())).toEqual({ width: 31, height: 20, channels: 3, orientation: 1, hasProfile: false });
  expect(readJpegHeader(await scene(31, 20).jpeg().withMetadata({ orientation: 6 }).toBuffer())?.orientation).toBe(6);
  expect(readJpegHeader(await scene(31, 20).jpeg().withIccProfile("p3").toBuffer())?.hasProfile).toBe(true);
  expect(readJpegHeader(await scene(31, 20).toColourspace("cmyk").jpeg().toBuffer())?.channels).toBe(4);
  expect(readJpegHeader(await scene(31, 20).png().toBuffer())).toBeUndefined();
});

test("a header that is cut or scribbled over is none, or says what can be", async () => {
  const jpeg = await scene(31, 20).jpeg().withMetadata({ orientation: 3 }).toBuffer();
  const scan = jpeg.indexOf(Buffer.of(0xff, 0xda));
  for (let length = 0; length < scan; length++) expect(readJpegHeader(jpeg.subarray(0, length))).toBeUndefined();
  for (let at = 0; at < scan; at++) {
    for (const value of [0, 0x7f, 0xff]) {
      const header = readJpegHeader(Uint8Array.from(jpeg, (byte, index) => (index === at ? value : byte)));
      if (header !== undefined) expect([1, 3].includes(header.channels) && header.orientation >= 1 && header.orientation <= 8).toBe(true);
    }
  }
});
