import { expect, test } from "vitest";
import { sum, sumAggregate } from "./kernel.ts";

test("adds in double precision", () => {
  const x = { dtype: "f32" as const, shape: [3], data: Float32Array.of(16777216, 1, 1) };
  expect(sum({ x, axis: null })).toBe(16777218);
});

test("aggregates children elementwise", () => {
  let state = sumAggregate.start({});
  for (const data of [[1, 2], [3, 4]]) state = sumAggregate.step(state, { dtype: "f32", shape: [2], data: Float32Array.from(data) });
  expect(sumAggregate.finish(state)).toEqual({ dtype: "f32", shape: [2], data: Float32Array.of(4, 6) });
  expect(sumAggregate.finish(sumAggregate.start({}))).toBe(0);
});

test("totals that the dtype cannot hold are refused", () => {
  let state = sumAggregate.start({});
  for (const first of [200, 100]) state = sumAggregate.step(state, { dtype: "u8", shape: [2], data: Uint8Array.of(first, 1) });
  expect(() => sumAggregate.finish(state)).toThrow("300 does not fit u8 (0 to 255)");
});
