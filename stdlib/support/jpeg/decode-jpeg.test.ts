import sharp from "sharp";
import type { Sharp } from "sharp";
import { expect, test } from "vitest";
import { decodeJpeg } from "./decode-jpeg.ts";

function drawing(width: number, height: number, channels: 1 | 3, seed: number): Sharp {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24;
  // Flat places, edges and noise.
  const data = Uint8Array.from({ length: width * height * channels }, (_, index) => {
    const [x, y] = [Math.floor(index / channels) % width, Math.floor(index / channels / width)];
    const place = ((x >> 4) * 67 + (y >> 4) * 41 + (index % channels) * 90) & 0xff;
    return (x + y) % 48 < 16 ? place : (place + next()) >> 1;
  });
  return sharp(data, { raw: { width, height, channels } });
}

async function expected(jpeg: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await sharp(jpeg, { failOn: "warning" }).toColourspace("srgb").removeAlpha().raw().toBuffer());
}

function firstDifference(one: Uint8Array | undefined, other: Uint8Array): number {
  if (one?.length !== other.length) return -2;
  return other.findIndex((byte, index) => byte !== one[index]);
}

const sizes = [[1, 1], [5, 7], [8, 8], [16, 16], [17, 33], [31, 15], [100, 75], [253, 190], [500, 375]] as const;

test.each(["4:2:0", "4:4:4"])("%s: the bytes are those of libjpeg", async (sampling) => {
  for (const [width, height] of sizes) {
    for (const quality of [30, 90, 100]) {
      const jpeg = await drawing(width, height, 3, width * 31 + height).jpeg({ quality, chromaSubsampling: sampling, optimiseCoding: quality !== 90 }).toBuffer();
      const picture = decodeJpeg(jpeg, 1e6);
      if (width <= 4 && sampling === "4:2:0") expect(picture).toBeUndefined();
      else expect(firstDifference(picture?.data, await expected(jpeg)), `${width} x ${height} at ${quality}`).toBe(-1);
    }
  }
});
