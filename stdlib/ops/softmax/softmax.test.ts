import { expect, test } from "vitest";
import { softmax } from "./kernel.ts";

const f32 = (shape: number[], values: number[]) => ({ dtype: "f32" as const, shape, data: Float32Array.from(values) });

test("sums to one and does not overflow", () => {
  const result = softmax({ x: f32([3], [1000, 1001, 999]), axis: -1n });
  expect([...result.data].map(Number).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  expect(Number(result.data[1])).toBeCloseTo(0.66524, 5);
});

test("works along any axis", () => {
  const result = softmax({ x: f32([2, 2], [0, 0, 0, Math.log(3)]), axis: 0n });
  expect([...result.data].map((value) => Number(Number(value).toFixed(4)))).toEqual([0.5, 0.25, 0.5, 0.75]);
});
