import { expect, test } from "vitest";
import { argmax } from "./kernel.ts";

test("the first of equals; a scalar for a vector, a tensor otherwise", () => {
  expect(argmax({ x: { dtype: "f32", shape: [4], data: Float32Array.of(1, 3, 3, 2) }, axis: -1n })).toBe(1n);
  expect(argmax({ x: { dtype: "i32", shape: [2, 2], data: Int32Array.of(1, 2, 4, 3) }, axis: 1n })).toEqual({ dtype: "i64", shape: [2], data: BigInt64Array.of(1n, 0n) });
  expect(() => argmax({ x: { dtype: "f32", shape: [0], data: new Float32Array(0) }, axis: 0n })).toThrow("no elements");
});
