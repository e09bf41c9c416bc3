import { expect, test } from "vitest";
import { topK } from "./kernel.ts";

test("largest first, earlier of equals first", () => {
  const result = topK({ x: { dtype: "f32", shape: [5], data: Float32Array.of(1, 9, 3, 9, 2) }, k: 3n });
  expect([...result.values.data]).toEqual([9, 9, 3]);
  expect([...result.indices.data]).toEqual([1n, 3n, 2n]);
  expect(() => topK({ x: { dtype: "f32", shape: [1], data: Float32Array.of(1) }, k: 2n })).toThrow("2 of 1");
});
