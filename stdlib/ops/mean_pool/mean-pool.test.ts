import { expect, test } from "vitest";
import { meanPool } from "./kernel.ts";

const x = { dtype: "f32" as const, shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 100, 100) };

test("leaves masked tokens out", () => {
  const mask = { dtype: "i64" as const, shape: [3], data: BigInt64Array.of(1n, 1n, 0n) };
  expect(meanPool({ x, mask })).toEqual({ dtype: "f32", shape: [2], data: Float32Array.of(2, 3) });
});

test("no token at all is a row error", () => {
  expect(() => meanPool({ x, mask: { dtype: "i64", shape: [3], data: new BigInt64Array(3) } })).toThrow("all zeros");
});
