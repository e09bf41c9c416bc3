import { expect, test } from "vitest";
import { l2Normalize } from "./kernel.ts";

test("length one; zeros stay zeros", () => {
  const x = { dtype: "f32" as const, shape: [2, 2], data: Float32Array.of(3, 4, 0, 0) };
  expect([...l2Normalize({ x, axis: -1n, epsilon: 1e-12 }).data]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0]);
});
