import { expect, test } from "vitest";
import { toTensor } from "../to_tensor/kernel.ts";
import { normalize } from "./kernel.ts";

const x = { dtype: "f32" as const, shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4) };

test("per channel, on the axis that holds them", () => {
  expect([...normalize({ x, mean: [1, 2], std: [1, 2], axis: 0n }).data]).toEqual([0, 1, 0.5, 1]);
  expect([...normalize({ x, mean: [1], std: [2], axis: 0n }).data]).toEqual([0, 0.5, 1, 1.5]);
  expect([...normalize({ x, mean: [1, 2], std: [1, 1], axis: 2n }).data]).toEqual([0, 0, 2, 2]);
});

test.each([
  [3, "CHW", 0n],
  [3, "CHW", -3n],
  [3, "CHW", 2n],
  [3, "HWC", 2n],
  [1, "CHW", 0n],
] as const)("%i channels as %s, axis %i: pixels just made into tensors give the same as numbers do", (channels, layout, axis) => {
  const pixels = { dtype: "u8" as const, shape: [5, 3, channels], data: Uint8Array.from({ length: 15 * channels }, (_, index) => (index * 97) % 256) };
  const values = { mean: [0.485, 0.456, 0.406].slice(0, channels), std: [0.229, 0.224, 0.225].slice(0, channels), axis };
  const fresh = normalize({ x: toTensor({ x: pixels, scale: 1 / 255, layout }), ...values });
  const numbers = toTensor({ x: pixels, scale: 1 / 255, layout });
  const slow = normalize({ x: { dtype: "f32", shape: numbers.shape, data: Float32Array.from(numbers.data, Number) }, ...values });
  expect(fresh).toEqual(slow);
});
