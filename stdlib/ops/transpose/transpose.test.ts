import { expect, test } from "vitest";
import { transpose } from "./kernel.ts";

const x = { dtype: "f32" as const, shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) };

test("reverses axes, or takes them in the order given", () => {
  expect(transpose({ x, axes: null })).toEqual({ dtype: "f32", shape: [3, 2], data: Float32Array.of(0, 3, 1, 4, 2, 5) });
  const cube = { dtype: "u8" as const, shape: [1, 2, 2], data: Uint8Array.of(0, 1, 2, 3) };
  expect(transpose({ x: cube, axes: [2n, 0n, 1n] })).toEqual({ dtype: "u8", shape: [2, 1, 2], data: Uint8Array.of(0, 2, 1, 3) });
});

test("needs each axis once", () => {
  expect(() => transpose({ x, axes: [0n, 0n] })).toThrow("each of 2 axes once");
});
