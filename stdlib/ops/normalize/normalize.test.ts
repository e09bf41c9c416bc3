import { expect, test } from "vitest";
import { normalize } from "./kernel.ts";

const x = { dtype: "f32" as const, shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4) };

test("per channel, on the axis that holds them", () => {
  expect([...normalize({ x, mean: [1, 2], std: [1, 2], axis: 0n }).data]).toEqual([0, 1, 0.5, 1]);
  expect([...normalize({ x, mean: [1], std: [2], axis: 0n }).data]).toEqual([0, 0.5, 1, 1.5]);
  expect([...normalize({ x, mean: [1, 2], std: [1, 1], axis: 2n }).data]).toEqual([0, 0, 2, 2]);
});
