import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, div, mul, neg, sub } from "../../../runtime/contract/arithmetic.ts";
import { cast } from "../../../runtime/contract/cast.ts";
import { contains, equal, less } from "../../../runtime/contract/comparison.ts";
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from "../../../runtime/contract/float16.ts";
import { checkShape, listAt, tensorAt } from "../../../runtime/contract/indexing.ts";
import { RowError } from "../../../runtime/contract/kernel.ts";
import { stack } from "../../../runtime/contract/tensor.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";

const f32 = (shape: number[], ...values: number[]): Tensor => ({ dtype: "f32", shape, data: Float32Array.from(values) });

describe("16-bit floats", () => {
  test("every finite f16 pattern survives the way there and back", () => {
    for (let pattern = 0; pattern < 0x10000; pattern++) {
      const value = f16ToNumber(pattern);
      if (!Number.isNaN(value)) expect(numberToF16(value)).toBe(pattern);
    }
  });
  test("f16 rounding is to nearest, ties to even", () => {
    expect(numberToF16(2049)).toBe(numberToF16(2048));
    expect(numberToF16(2051)).toBe(numberToF16(2052));
    expect(f16ToNumber(numberToF16(65519))).toBe(65504);
    expect(f16ToNumber(numberToF16(65520))).toBe(Infinity);
    expect(f16ToNumber(numberToF16(2 ** -25))).toBe(0);
    expect(Object.is(f16ToNumber(numberToF16(-0)), -0)).toBe(true);
  });
  test("a rounded f16 is never farther away than its neighbours", () => {
    fc.assert(
      fc.property(fc.double({ min: -65000, max: 65000, noNaN: true }), (value) => {
        const pattern = numberToF16(value);
        const error = Math.abs(f16ToNumber(pattern) - value);
        for (const near of [pattern - 1, pattern + 1]) {
          if (near >= 0 && near <= 0xffff && (near & 0x7c00) !== 0x7c00) expect(error).toBeLessThanOrEqual(Math.abs(f16ToNumber(near) - value));
        }
      }),
      { seed: 1 },
    );
  });
  test("bf16 keeps every f32 whose low half is zero and rounds once from f64", () => {
    for (const value of [1, -2.5, 3.3895313892515355e38, 2 ** -126]) expect(bf16ToNumber(numberToBf16(value))).toBe(value);
    // Just above the tie between 1 and 1.0078125: rounding to f32 first would lose the difference.
    expect(bf16ToNumber(numberToBf16(1.00390625 + 2 ** -40))).toBe(1.0078125);
  });
});

describe("arithmetic", () => {
  test("i64 is exact beyond 2^53 and refuses to overflow", () => {
    expect(add("i64", 2n ** 60n, 1n)).toBe(2n ** 60n + 1n);
    expect(() => add("i64", 2n ** 63n - 1n, 1n)).toThrow(RowError);
    expect(() => mul("u8", 200, 2)).toThrow("200 * 2 = 400 does not fit u8");
    expect(() => div("i32", 1, 0)).toThrow("1 / 0 has no integer value");
    expect(div("i32", -7, 2)).toBe(-3);
  });
  test("f32 rounds every result once", () => {
    expect(add("f32", Math.fround(0.1), Math.fround(0.2))).toBe(Math.fround(Math.fround(0.1) + Math.fround(0.2)));
    expect(neg("f32", 0)).toBe(-0);
  });
  test("a scalar broadcasts over a tensor; two tensors need one shape", () => {
    expect(sub("f32", f32([2], 1, 2), 1)).toEqual(f32([2], 0, 1));
    expect(mul("f32", f32([2], 1, 2), f32([2], 3, 4))).toEqual(f32([2], 3, 8));
    expect(() => add("f32", f32([2], 1, 2), f32([1], 1))).toThrow("shapes [2] and [1]");
  });
});

describe("cast", () => {
  test("floats to integers truncate; what does not fit is a row error", () => {
    expect(cast(-1.9, "i32")).toBe(-1);
    expect(cast(3, "i64")).toBe(3n);
    expect(() => cast(256, "u8")).toThrow("256 does not fit u8 (0 to 255)");
    expect(() => cast(NaN, "i32")).toThrow(RowError);
    expect(cast(f32([2], 1.5, -1.5), "i64")).toEqual({ dtype: "i64", shape: [2], data: BigInt64Array.of(1n, -1n) });
    expect(cast("12", "i64")).toBe(12n);
    expect(() => cast(1e39, "f32")).toThrow("1e+39 does not fit f32");
    expect(() => cast("1e400", "f64")).toThrow("1e400 does not fit f64");
    expect(() => cast(10n ** 309n, "f64")).toThrow("does not fit f64");
    expect(cast("-Infinity", "f32")).toBe(-Infinity);
    expect(() => cast(f32([1], 70000), "f16")).toThrow("70000 does not fit f16");
    expect(cast(Infinity, "f32")).toBe(Infinity);
    expect(() => cast("twelve", "i64")).toThrow('"twelve" is not a number');
  });
});

describe("comparison and indexing", () => {
  test("equality is deep and knows bytes, tensors, lists and records", () => {
    expect(equal({ a: [1n, "x"] }, { a: [1, "x"] })).toBe(true);
    expect(equal(f32([2], 1, 2), f32([2], 1, 2))).toBe(true);
    expect(equal(f32([2], 1, 2), f32([2, 1], 1, 2))).toBe(false);
    expect(equal(Uint8Array.of(1), Uint8Array.of(2))).toBe(false);
    expect(equal(NaN, NaN)).toBe(false);
    expect(less(1n, 2)).toBe(true);
    expect(contains("b", ["a", "b"])).toBe(true);
  });
  test("indices drop leading axes and stay inside", () => {
    const matrix = f32([2, 3], 0, 1, 2, 3, 4, 5);
    expect(tensorAt(matrix, 1)).toEqual(f32([3], 3, 4, 5));
    expect(tensorAt(matrix, 1, -1)).toBe(5);
    expect(() => tensorAt(matrix, 2)).toThrow("index 2 is outside axis 0 of a tensor of shape [2,3]");
    expect(listAt(["a", "b"], -1)).toBe("b");
    expect(() => listAt([], 0)).toThrow(RowError);
    expect(() => checkShape(matrix, [2, 4], "pixels")).toThrow("pixels has shape [2,3], expected [2, 4]");
  });
  test("list literals stack into tensors", () => {
    expect(stack("f32", [1, 2])).toEqual(f32([2], 1, 2));
    expect(stack("f32", [f32([1], 1), f32([1], 2)])).toEqual(f32([2, 1], 1, 2));
    expect(() => stack("f32", [f32([1], 1), f32([2], 1, 2)])).toThrow(RowError);
  });
});
