/**
 * The DCT hash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), as the
 * common libraries compute it: 32 x 32 luma, two-dimensional DCT-II, the 8 x 8 lowest frequencies, one bit each
 * for being above their median (row by row, the highest bit first).
 */
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { toPicture } from "../../support/picture.ts";
import { resample } from "../../support/resample.ts";

const SIZE = 32;
const KEPT = 8;
const COSINES = Float64Array.from({ length: KEPT * SIZE }, (_, index) => Math.cos((Math.PI * (2 * (index % SIZE) + 1) * Math.floor(index / SIZE)) / (2 * SIZE)));

export function phash(args: { readonly x: Tensor }): bigint {
  const picture = toPicture(args.x);
  if (picture.height === 0 || picture.width === 0) throw new RowError("an empty picture has no hash");
  const frequencies = lowFrequencies(resample(picture, SIZE, SIZE, "lanczos", true).data);
  const sorted = Float64Array.from(frequencies).sort();
  const median = (sorted[31] + sorted[32]) / 2;
  return frequencies.reduce((hash, value) => (hash << 1n) | (value > median ? 1n : 0n), 0n);
}

/** The KEPT x KEPT corner of the DCT, row by row: frequency down, then across. */
function lowFrequencies(pixels: Uint8Array): number[] {
  const rows = new Float64Array(SIZE * KEPT);
  for (let y = 0; y < SIZE; y++) {
    for (let u = 0; u < KEPT; u++) {
      for (let x = 0; x < SIZE; x++) rows[y * KEPT + u] += pixels[y * SIZE + x] * COSINES[u * SIZE + x];
    }
  }
  return Array.from({ length: KEPT * KEPT }, (_, index) => {
    const v = Math.floor(index / KEPT);
    let sum = 0;
    for (let y = 0; y < SIZE; y++) sum += rows[y * KEPT + (index % KEPT)] * COSINES[v * SIZE + y];
    return sum;
  });
}
