import { expect, test } from "vitest";
import { min, minAggregate } from "./kernel.ts";

const x = { dtype: "i64" as const, shape: [2, 3], data: BigInt64Array.of(1n, 5n, 3n, 4n, 2n, 6n) };

test("of all elements, or along an axis, in the operand's dtype", () => {
  expect(min({ x, axis: null })).toBe(1n);
  expect(min({ x, axis: 0n })).toEqual({ dtype: "i64", shape: [3], data: BigInt64Array.of(1n, 2n, 3n) });
});

test("NaN is not lost", () => {
  expect(min({ x: { dtype: "f32", shape: [3], data: Float32Array.of(1, NaN, 2) }, axis: null })).toBeNaN();
});

test("of nothing is a row error", () => {
  expect(() => min({ x: { dtype: "f32", shape: [0], data: new Float32Array(0) }, axis: null })).toThrow("min of no elements");
});

test("aggregates children", () => {
  let state = minAggregate.start({});
  for (const value of [2, 7, 4]) state = minAggregate.step(state, value);
  expect(minAggregate.finish(state)).toBe(2);
  expect(() => minAggregate.finish(minAggregate.start({}))).toThrow("no children");
});
