import sharp from "sharp";
import { expect, test } from "vitest";
import { decodeImage } from "./kernel.ts";

const max_pixels = 1_000_000n;
const picture = sharp({ create: { width: 3, height: 2, channels: 3, background: { r: 200, g: 100, b: 50 } } });

test("RGB, BGR and luma", async () => {
  const bytes = await picture.clone().png().toBuffer();
  const rgb = await decodeImage({ bytes, mode: "RGB", max_pixels, at_least: 0n });
  expect(rgb.shape).toEqual([2, 3, 3]);
  expect([...rgb.data.slice(0, 3)]).toEqual([200, 100, 50]);
  expect([...(await decodeImage({ bytes, mode: "BGR", max_pixels, at_least: 0n })).data.slice(0, 3)]).toEqual([50, 100, 200]);
  const luma = await decodeImage({ bytes, mode: "L", max_pixels, at_least: 0n });
  expect(luma.shape).toEqual([2, 3, 1]);
  expect(luma.data[0]).toBe(Math.round(0.299 * 200 + 0.587 * 100 + 0.114 * 50));
});

test("the camera's orientation is applied", async () => {
  const bytes = await picture.clone().jpeg().withExif({ IFD0: { Orientation: "6" } }).withMetadata({ orientation: 6 }).toBuffer();
  expect((await decodeImage({ bytes, mode: "RGB", max_pixels, at_least: 0n })).shape).toEqual([3, 2, 3]);
});

test("small JPEGs, and those with a profile or turned, come out as sharp makes them", async () => {
  const pixels = Uint8Array.from({ length: 90 * 60 * 3 }, (_, index) => (index * 7919 + (index >> 5) * 13) % 256);
  const scene = sharp(pixels, { raw: { width: 90, height: 60, channels: 3 } });
  const jpegs = [scene.clone().jpeg(), scene.clone().jpeg({ progressive: true }), scene.clone().toColourspace("b-w").jpeg(), scene.clone().jpeg().withIccProfile("p3"), scene.clone().jpeg().withMetadata({ orientation: 8 })];
  for (const bytes of await Promise.all(jpegs.map((jpeg) => jpeg.toBuffer()))) {
    const expected = await sharp(bytes).autoOrient().toColourspace("srgb").removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const { data, shape } = await decodeImage({ bytes, mode: "RGB", max_pixels, at_least: 0n });
    expect(shape).toEqual([expected.info.height, expected.info.width, 3]);
    expect(Buffer.compare(Uint8Array.from(data, Number), expected.info.channels === 3 ? expected.data : Buffer.from(Array.from(expected.data).flatMap((grey) => [grey, grey, grey])))).toBe(0);
  }
});

test("grey, transparent and 16-bit pictures become three bytes a pixel", async () => {
  const grey = await picture.clone().greyscale().png().toBuffer();
  const transparent = await picture.clone().ensureAlpha(0.5).png().toBuffer();
  const deep = await picture.clone().toColourspace("rgb16").png().toBuffer();
  for (const bytes of [grey, transparent, deep]) {
    const decoded = await decodeImage({ bytes, mode: "RGB", max_pixels, at_least: 0n });
    expect(decoded.shape).toEqual([2, 3, 3]);
    expect(decoded.data.length).toBe(18);
  }
  expect([...(await decodeImage({ bytes: deep, mode: "RGB", max_pixels, at_least: 0n })).data.slice(0, 3)]).toEqual([200, 100, 50]);
});

test("garbage, a cut picture and one too large are row errors, in words that depend on the picture alone", async () => {
  const noise = Uint8Array.from({ length: 300 * 300 * 3 }, (_, index) => (index * 7919) % 251);
  const scene = sharp(noise, { raw: { width: 300, height: 300, channels: 3 } });
  const fail = (bytes: Uint8Array, most = max_pixels) => expect(decodeImage({ bytes, mode: "RGB", max_pixels: most, at_least: 0n })).rejects;
  const whole: Readonly<Record<string, Uint8Array>> = { JPEG: await scene.clone().jpeg().toBuffer(), PNG: await scene.clone().png().toBuffer(), WebP: await scene.clone().webp().toBuffer(), GIF: await scene.clone().gif().toBuffer(), TIFF: await scene.clone().tiff().toBuffer(), AVIF: await scene.clone().avif({ effort: 0 }).toBuffer() };
  for (const [format, bytes] of Object.entries(whole)) {
    // At once, as several workers would: libvips has one text for what is wrong.
    await Promise.all([2, 3, 4].map((part) => fail(bytes.subarray(0, bytes.length / part)).toThrow(new RegExp(`^the picture cannot be decoded: the ${format} is damaged or cut off$`))));
    await fail(bytes, 100n).toThrow(/^the picture cannot be decoded: it is 300 x 300 pixels large, and max_pixels is 100$/);
  }
  await fail(Uint8Array.of(1, 2, 3)).toThrow(/^the picture cannot be decoded: it is of no format that is read$/);
  await fail(new Uint8Array()).toThrow(/^the picture cannot be decoded: it is empty$/);
});

test("a JPEG of inks without a profile is light taken away, as Pillow has it", async () => {
  // Saved by Pillow 13, and what its convert("RGB") makes of it.
  const jpeg = Buffer.from("/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgSFBUU/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwDu/wDgoj/zE/8AgVd3/wAPEf8AqJ/+P13f7RP7RP8Ax9f6V6/xV9ofs/8A7P8A/wAKs+zf6N5Pl4/hxX//2Q==", "base64");
  const { data, shape } = await decodeImage({ bytes: jpeg, mode: "RGB", max_pixels, at_least: 0n });
  expect(shape).toEqual([8, 8, 3]);
  expect((await decodeImage({ bytes: jpeg, mode: "L", max_pixels, at_least: 4n })).shape).toEqual([4, 4, 1]);
  expect([...data].map(Number)).toEqual([...Buffer.from("PDw8SlRPV3NlXY92W6uDU8eNQ+WULv6VWE5TYWFhZ3lwaI16YaKBVreGRM6ILuGGdFhmeGdvd3d3coV8Z5R+WaN+RbR8LsJ3jlx1i2Z5hHF7fHx8bod6XJF2RpxwLqZprFuEo2GClWh+h256dHR0YHptR4FjLodZxlKNt1aHo1l+kVx2e2BtY2NjSWdXLmpL4kKSzkOIs0R8m0VwgUdkZ0hYSklKLko8/i6V4i6Hwi53pi5phy5aai5LSy47Li4t", "base64")]);
});

test("a picture larger than needed comes at the smallest of half, a quarter, an eighth that will do", async () => {
  const large = sharp({ create: { width: 803, height: 403, channels: 3, background: { r: 200, g: 100, b: 50 } } });
  const sizes = async (bytes: Uint8Array) => Promise.all([0n, 404n, 202n, 201n, 100n, 50n, 1n].map(async (at_least) => (await decodeImage({ bytes, mode: "RGB", max_pixels, at_least })).shape.slice(0, 2)));
  const wanted = [[403, 803], [403, 803], [403, 803], [201, 401], [100, 200], [50, 100], [50, 100]];
  expect(await sizes(await large.clone().jpeg().toBuffer())).toEqual(wanted);
  expect(await sizes(await large.clone().png().toBuffer())).toEqual(wanted);
  const turned = await large.clone().jpeg().withMetadata({ orientation: 6 }).toBuffer();
  expect(await sizes(turned)).toEqual(wanted.map(([height, width]) => [width, height]));
  const decoded = await decodeImage({ bytes: turned, mode: "RGB", max_pixels, at_least: 100n });
  expect([...decoded.data.slice(0, 3)].map((value) => Math.round(Number(value) / 10))).toEqual([20, 10, 5]);
});
