import { expect, test } from "vitest";
import { mean, meanAggregate } from "./kernel.ts";

test("of all elements, or along an axis", () => {
  const x = { dtype: "f32" as const, shape: [2, 2], data: Float32Array.of(1, 2, 3, 6) };
  expect(mean({ x, axis: null })).toBe(3);
  expect(mean({ x, axis: 0n })).toEqual({ dtype: "f32", shape: [2], data: Float32Array.of(2, 4) });
  expect(() => mean({ x: { dtype: "f32", shape: [0], data: new Float32Array(0) }, axis: null })).toThrow("no elements");
});

test("aggregates children elementwise", () => {
  let state = meanAggregate.start({});
  for (const data of [[1, 2], [3, 6]]) state = meanAggregate.step(state, { dtype: "f32", shape: [2], data: Float32Array.from(data) });
  expect(meanAggregate.finish(state)).toEqual({ dtype: "f32", shape: [2], data: Float32Array.of(2, 4) });
});
