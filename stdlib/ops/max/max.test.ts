import { expect, test } from "vitest";
import { max, maxAggregate } from "./kernel.ts";

const x = { dtype: "i64" as const, shape: [2, 3], data: BigInt64Array.of(1n, 5n, 3n, 4n, 2n, 6n) };

test("of all elements, or along an axis, in the operand's dtype", () => {
  expect(max({ x, axis: null })).toBe(6n);
  expect(max({ x, axis: 0n })).toEqual({ dtype: "i64", shape: [3], data: BigInt64Array.of(4n, 5n, 6n) });
});

test("NaN is not lost", () => {
  expect(max({ x: { dtype: "f32", shape: [3], data: Float32Array.of(1, NaN, 2) }, axis: null })).toBeNaN();
});

test("of nothing is a row error", () => {
  expect(() => max({ x: { dtype: "f32", shape: [0], data: new Float32Array(0) }, axis: null })).toThrow("max of no elements");
});

test("aggregates children", () => {
  let state = maxAggregate.start({});
  for (const value of [2, 7, 4]) state = maxAggregate.step(state, value);
  expect(maxAggregate.finish(state)).toBe(7);
  expect(() => maxAggregate.finish(maxAggregate.start({}))).toThrow("no children");
});
