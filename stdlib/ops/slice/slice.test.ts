import { expect, test } from "vitest";
import { slice } from "./kernel.ts";

const x = { dtype: "f32" as const, shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) };

test("takes a run along an axis", () => {
  expect(slice({ x, axis: 1n, start: 1n, length: 2n })).toEqual({ dtype: "f32", shape: [2, 2], data: Float32Array.of(1, 2, 4, 5) });
  expect(() => slice({ x, axis: 0n, start: 1n, length: 2n })).toThrow("outside an axis of 2");
});
