import { expect, test } from "vitest";
import { resize } from "./kernel.ts";

const gradient = (height: number, width: number) => ({
  dtype: "u8" as const,
  shape: [height, width, 1],
  data: Uint8Array.from({ length: height * width }, (_, index) => ((index % width) * 37 + Math.floor(index / width) * 11) % 256),
});

// Expected values are Pillow 13's, from Image.fromarray(gradient).resize((width, height), filter).
test.each([
  ["bilinear", [40, 107, 181, 137, 67, 134, 188, 96]],
  ["bicubic", [32, 103, 190, 136, 63, 135, 201, 87]],
  ["box", [30, 104, 178, 124, 63, 137, 211, 72]],
  ["lanczos", [31, 98, 198, 138, 62, 135, 207, 87]],
  ["nearest", [48, 122, 196, 14, 81, 155, 229, 47]],
] as const)("%s is Pillow's, pixel for pixel", (filter, expected) => {
  expect([...resize({ x: gradient(6, 8), height: 2n, width: 4n, filter, antialias: true }).data]).toEqual(expected);
});

test("without antialias only neighbours count", () => {
  const x = { dtype: "u8" as const, shape: [1, 8, 1], data: Uint8Array.of(0, 0, 100, 200, 0, 0, 0, 0) };
  expect([...resize({ x, height: 1n, width: 2n, filter: "bilinear", antialias: false }).data]).toEqual([50, 0]);
});

test("the aspect ratio is kept by the shorter side, and by height up to a width", () => {
  expect(resize({ x: gradient(375, 500), shorter: 256n, max_longer: 8192n, filter: "nearest", antialias: true }).shape).toEqual([256, 341, 1]);
  expect(resize({ x: gradient(20, 100), height: 48n, max_width: 2048n, filter: "nearest", antialias: true }).shape).toEqual([48, 240, 1]);
  expect(resize({ x: gradient(20, 100), height: 48n, max_width: 128n, filter: "nearest", antialias: true }).shape).toEqual([48, 128, 1]);
  expect(() => resize({ x: gradient(2, 100), shorter: 200n, max_longer: 8192n, filter: "nearest", antialias: true })).toThrow("10000 long");
});
