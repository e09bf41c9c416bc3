import { expect, test } from "vitest";
import { resample, resamplePlain, taps } from "./resample.ts";
import type { Picture } from "./resample.ts";
import { resampleSimd } from "./resample-simd.ts";

function noise(height: number, width: number, seed: number): Picture {
  let state = seed;
  const data = Uint8Array.from({ length: height * width * 3 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    // Many extremes, so that filters with negative lobes overshoot.
    return state >>> 31 === 0 ? (state >>> 16) & 0xff : (state >>> 30) & 1 ? 255 : 0;
  });
  return { height, width, channels: 3, data };
}

/** -1 where both are equal. */
function firstDifference(one: Uint8Array | undefined, other: Uint8Array): number {
  if (one?.length !== other.length) return Math.min(one?.length ?? 0, other.length);
  return other.findIndex((byte, index) => byte !== one[index]);
}

const sizes = [[375, 500, 224, 224], [1, 1, 7, 5], [7, 5, 1, 1], [3, 200, 40, 3], [64, 64, 64, 31], [64, 64, 31, 64], [33, 47, 91, 130], [600, 9, 10, 9], [2, 1000, 3, 8]] as const;

test.each(["box", "bilinear", "bicubic", "lanczos"] as const)("%s: SIMD gives the same bytes as plain code", (filter) => {
  for (const [height, width, toHeight, toWidth] of sizes) {
    for (const antialias of [true, false]) {
      const picture = noise(height, width, height * 31 + width);
      const across = width === toWidth ? undefined : taps(width, toWidth, filter, antialias);
      const down = height === toHeight ? undefined : taps(height, toHeight, filter, antialias);
      const simd = resampleSimd({ ...picture, across, down });
      const plain = resamplePlain(picture, across, down);
      expect(firstDifference(simd, plain.data), `${height}x${width} to ${toHeight}x${toWidth}`).toBe(-1);
      const resized = resample(picture, toHeight, toWidth, filter, antialias);
      expect([resized.height, resized.width, resized.data.length]).toEqual([toHeight, toWidth, toHeight * toWidth * 3]);
    }
  }
});

test("a picture too large for the thread's memory is resampled all the same", () => {
  const picture: Picture = { height: 7000, width: 6400, channels: 3, data: new Uint8Array(134_400_000).fill(77) };
  expect(resample(picture, 2, 2, "box", true)).toEqual({ height: 2, width: 2, channels: 3, data: new Uint8Array(12).fill(77) });
});
