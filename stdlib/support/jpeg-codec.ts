/**
 * Decodes small JPEGs on the calling thread, in WebAssembly (libjpeg-turbo). For a small picture most of what sharp does
 * is not decoding: options, objects, strips handed between threads. The pixels are the same, bit by bit: both are
 * libjpeg's with its exact inverse transform and smooth upsampling. (Noise that damage put into a picture unnoticed may
 * differ: vector instructions clamp where plain ones wrap.)
 */
/// <reference path="./libjpeg-turbo.d.ts" />
import type { JpegDecoder } from "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs";
import { loadFailed } from "../../runtime/contract/failures.ts";

/** Above this, SIMD in native code outweighs what a call of it costs (measured: equal at about 500 x 400 pixels). */
export const SMALL_PIXELS_MAX = 2 ** 18;

/** A failed call loses a few kilobytes of the decoder's memory: after so many a fresh one takes its place. */
const FAILURES_MAX = 32;

export interface JpegCodec {
  /** [height, width, channels] bytes; undefined where the JPEG is broken in any way. */
  readonly decode: (jpeg: Uint8Array) => Promise<Uint8Array<ArrayBuffer> | undefined>;
}

export async function openJpegCodec(): Promise<JpegCodec> {
  const { default: load } = await import("@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs").catch(giveUp);
  const open = async (): Promise<JpegDecoder> => new (await load({ print: ignore, printErr: ignore })).JPEGDecoder();
  let decoder = await open().catch(giveUp);
  let failures = 0;
  return {
    decode: async (jpeg) => {
      if (failures >= FAILURES_MAX) [failures, decoder] = [0, await open()];
      try {
        decoder.getEncodedBuffer(jpeg.length).set(jpeg);
        decoder.decode();
      } catch {
        failures++;
        return undefined;
      }
      const { buffer, byteOffset, byteLength } = decoder.getDecodedBuffer();
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
  };
}

function giveUp(error: unknown): never {
  throw loadFailed("libjpeg-turbo, which decodes small pictures,", error);
}

/** Whether a picture is broken, sharp is asked. */
function ignore(): void {}
