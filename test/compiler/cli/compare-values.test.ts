import { Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { compareNumbers, compareTensors } from "../../../compiler/cli/shards/compare-values.ts";

const f32 = (...values: readonly number[]): Tensor => new Tensor("float32", Float32Array.from(values), [values.length]);

describe("compareTensors", () => {
  it("equal means every bit: NaN and the sign of zero too", () => {
    expect(compareTensors(f32(1, Number.NaN), f32(1, Number.NaN)).equal).toBe(true);
    expect(compareTensors(f32(0), f32(-0))).toMatchObject({ equal: false, maxAbs: 0, within: true });
  });

  it("other types, shapes or missing tensors are beyond any tolerance", () => {
    expect(compareTensors(f32(1), new Tensor("int32", Int32Array.of(1), [1])).within).toBe(false);
    expect(compareTensors(f32(1), new Tensor("float32", Float32Array.of(1), [1, 1])).within).toBe(false);
    expect(compareTensors(f32(1), undefined).within).toBe(false);
  });

  it("compares integers and strings", () => {
    const ints = (value: bigint): Tensor => new Tensor("int64", BigInt64Array.of(value), [1]);
    expect(compareTensors(ints(7n), ints(9n))).toMatchObject({ maxAbs: 2, within: false });
    const words = (word: string): Tensor => new Tensor("string", [word], [1]);
    expect(compareTensors(words("a"), words("a")).equal).toBe(true);
    expect(compareTensors(words("a"), words("b")).within).toBe(false);
  });
});

describe("compareNumbers", () => {
  it("allows 1e-4 of the value and 1e-5 of the root mean square", () => {
    expect(compareNumbers([100, 0], [100.01, 0])).toMatchObject({ within: true });
    expect(compareNumbers([100, 0], [100.02, 0])).toMatchObject({ within: false });
    expect(compareNumbers([0], [0.9e-5])).toMatchObject({ within: true });
    const beyond = compareNumbers([0], [2e-5]);
    expect(beyond.within).toBe(false);
    expect(beyond.allowed).toBeCloseTo(1e-5, 12);
    expect(beyond.maxRel).toBe(1);
  });

  it("allows besides what rounding alone does, where that is below a hundredth of the root mean square", () => {
    expect(compareNumbers([1, 0], [1, 0.005], 0.005)).toMatchObject({ within: true });
    expect(compareNumbers([1, 0], [1, 0.006], 0.005)).toMatchObject({ within: false });
    expect(compareNumbers([1, 0], [1, 0.006], 0.008).within).toBe(false);
    expect(compareNumbers([1], [Infinity], Number.MAX_VALUE).within).toBe(false);
  });

  it("an infinity or NaN on one side only is beyond", () => {
    expect(compareNumbers([1], [Number.NaN]).within).toBe(false);
    expect(compareNumbers([Infinity], [1]).within).toBe(false);
    expect(compareNumbers([Infinity, Number.NaN], [Infinity, Number.NaN]).within).toBe(true);
  });
});
