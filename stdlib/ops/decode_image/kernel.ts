/**
 * Decodes a picture to [H, W, C] bytes: EXIF orientation applied, transparency dropped, colours in sRGB. "L" is
 * luma by ITU-R BT.601 in 16-bit fixed point, inks without a profile are light taken away, both as Pillow computes
 * them. A broken or too large picture is a row error.
 */
import type { Sharp } from "sharp";
import { loadFailed } from "../../../runtime/contract/failures.ts";
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { openJpegCodec, SMALL_PIXELS_MAX } from "../../support/jpeg-codec.ts";
import type { JpegCodec } from "../../support/jpeg-codec.ts";
import { readJpegHeader } from "../../support/jpeg-header.ts";
import type { JpegHeader } from "../../support/jpeg-header.ts";
import { nameFormat } from "./name-format.ts";

type SharpModule = typeof import("sharp").default;

let loaded: SharpModule | undefined;
let codec: Promise<JpegCodec> | undefined;

/** At the first picture: most workers of a program never see one. */
async function loadSharp(): Promise<SharpModule> {
  const { default: sharp } = await import("sharp").catch((error: unknown) => {
    throw loadFailed("sharp, which decodes pictures,", error);
  });
  // One picture at a time in a worker's libvips: the workers are what runs side by side.
  sharp.concurrency(1);
  sharp.cache(false);
  return (loaded = sharp);
}

export interface DecodeArguments {
  readonly bytes: Uint8Array;
  readonly mode: string;
  readonly max_pixels: bigint;
  /** The shorter side that the caller needs; 0: the picture as it is. */
  readonly at_least: bigint;
}

interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

export async function decodeImage(args: DecodeArguments): Promise<Tensor> {
  if (args.bytes.byteLength === 0) throw new RowError("the picture cannot be decoded: it is empty");
  const { height, width, channels, data } = await decodePixels(args);
  const rgb = channels === 3 ? data : repeatGrey(data, channels);
  switch (args.mode) {
    case "BGR":
      return { dtype: "u8", shape: [height, width, 3], data: swapRedAndBlue(rgb) };
    case "L":
      return { dtype: "u8", shape: [height, width, 1], data: toLuma(rgb) };
    default:
      return { dtype: "u8", shape: [height, width, 3], data: rgb };
  }
}

async function decodePixels(args: DecodeArguments): Promise<Pixels> {
  const header = readJpegHeader(args.bytes);
  return (await decodeSmallJpeg(args, header)) ?? (await decodeAny(args, header?.channels === INKS && !header.hasProfile));
}

/** Cyan, magenta, yellow and black. */
const INKS = 4;

/** Undefined for pictures that are larger, of another kind, turned, to be shrunk, or broken: sharp knows what to do with them. */
async function decodeSmallJpeg({ bytes, max_pixels, at_least }: DecodeArguments, header: JpegHeader | undefined): Promise<Pixels | undefined> {
  if (header === undefined || header.channels === INKS || header.orientation !== 1 || header.hasProfile) return undefined;
  const { width, height, channels } = header;
  if (width * height > Math.min(SMALL_PIXELS_MAX, Number(max_pixels))) return undefined;
  if (shrinkFactor(width, height, Number(at_least)) !== undefined) return undefined;
  codec ??= openJpegCodec();
  const data = await (await codec).decode(bytes);
  return data?.length === width * height * channels ? { width, height, channels, data } : undefined;
}

/** `isInk`: of inks that no profile describes, for which libvips would take a printer's that it knows. */
async function decodeAny(args: DecodeArguments, isInk: boolean): Promise<Pixels> {
  const sharp = loaded ?? (await loadSharp());
  const picture = sharp(args.bytes, { limitInputPixels: Number(args.max_pixels), failOn: "warning" }).autoOrient();
  const { data, info } = await shrink(picture, Number(args.at_least))
    .then((shrunk) => (isInk ? shrunk.pipelineColourspace("cmyk").toColourspace("cmyk") : shrunk.toColourspace("srgb").removeAlpha()).raw().toBuffer({ resolveWithObject: true }))
    .catch(async () => {
      throw new RowError(`the picture cannot be decoded: ${await describeFailure(sharp, args)}`);
    });
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { height: info.height, width: info.width, ...(isInk ? { channels: 3, data: inksToRgb(pixels) } : { channels: info.channels, data: pixels }) };
}

/**
 * From what is known of the picture, not from libvips' message: it keeps one text for all threads of a process, so that
 * it tells of other threads' pictures, too, and of others in each run.
 */
async function describeFailure(sharp: SharpModule, { bytes, max_pixels }: DecodeArguments): Promise<string> {
  const size = await sharp(bytes, { limitInputPixels: false }).metadata().catch(() => undefined);
  if (size !== undefined && size.width * size.height > max_pixels) return `it is ${size.width} x ${size.height} pixels large, and max_pixels is ${max_pixels}`;
  const format = nameFormat(bytes);
  if (format !== undefined) return `the ${format} is damaged or cut off`;
  return size === undefined ? "it is of no format that is read" : "it is damaged or cut off";
}

/** At an eighth, a quarter or half of its size, where its shorter side stays long enough: a JPEG is then decoded so, which is faster. */
async function shrink(picture: Sharp, atLeast: number): Promise<Sharp> {
  if (atLeast <= 0) return picture;
  const { width, height } = (await picture.metadata()).autoOrient;
  const factor = shrinkFactor(width, height, atLeast);
  return factor === undefined ? picture : picture.resize(Math.floor(width / factor), Math.floor(height / factor), { fit: "fill", fastShrinkOnLoad: true });
}

function shrinkFactor(width: number, height: number, atLeast: number): number | undefined {
  return atLeast <= 0 ? undefined : [8, 4, 2].find((factor) => Math.floor(Math.min(width, height) / factor) >= atLeast);
}

/** What each ink leaves of the light that black leaves, rounded once. */
function inksToRgb(inks: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((inks.length / INKS) * 3);
  for (let from = 0, to = 0; from < inks.length; from += INKS, to += 3) {
    const light = 255 - inks[from + 3];
    for (let ink = 0; ink < 3; ink++) rgb[to + ink] = light - Math.round((inks[from + ink] * light) / 255);
  }
  return rgb;
}

/** Grey pictures come with one channel (two with a transparency that stayed). */
function repeatGrey(pixels: Uint8Array, channels: number): Uint8Array {
  const rgb = new Uint8Array((pixels.length / channels) * 3);
  for (let pixel = 0; pixel * channels < pixels.length; pixel++) rgb.fill(pixels[pixel * channels], pixel * 3, pixel * 3 + 3);
  return rgb;
}

function swapRedAndBlue(rgb: Uint8Array): Uint8Array {
  for (let index = 0; index < rgb.length; index += 3) {
    const red = rgb[index];
    rgb[index] = rgb[index + 2];
    rgb[index + 2] = red;
  }
  return rgb;
}

function toLuma(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8Array(rgb.length / 3);
  for (let pixel = 0; pixel < luma.length; pixel++) {
    luma[pixel] = (rgb[pixel * 3] * 19595 + rgb[pixel * 3 + 1] * 38470 + rgb[pixel * 3 + 2] * 7471 + 0x8000) >> 16;
  }
  return luma;
}
