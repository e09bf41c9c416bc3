import { expect, test } from "vitest";
import { sigmoid } from "./kernel.ts";

test("is elementwise and saturates without overflow", () => {
  expect(sigmoid({ x: 0 })).toBe(0.5);
  const result = sigmoid({ x: { dtype: "f32", shape: [3], data: Float32Array.of(-1000, 0, 1000) } });
  expect([...result.data]).toEqual([0, 0.5, 1]);
});
