import { expect, test } from "vitest";
import { resample } from "../../support/resample.ts";
import { phash } from "./kernel.ts";

const scene = (size: number, shift: number) => ({
  dtype: "u8" as const,
  shape: [size, size, 1],
  data: Uint8Array.from({ length: size * size }, (_, index) => 128 + 100 * Math.sin((index % size) / (5 + shift)) * Math.cos(Math.floor(index / size) / (9 - shift))),
});

function bitsApart(a: bigint, b: bigint): number {
  return (a ^ b).toString(2).replaceAll("0", "").length;
}

test("a scaled picture stays near, another one is far", () => {
  const original = scene(96, 0);
  const half = resample({ height: 96, width: 96, channels: 1, data: original.data }, 48, 48, "bilinear", true);
  const near = phash({ x: { dtype: "u8", shape: [48, 48, 1], data: half.data } });
  expect(bitsApart(phash({ x: original }), near)).toBeLessThanOrEqual(4);
  expect(bitsApart(phash({ x: original }), phash({ x: scene(96, 3) }))).toBeGreaterThan(10);
});
