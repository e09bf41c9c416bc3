/** Weights of products are moved by what rounding does to their sums, and nothing else is; faults move outputs by more. */
import { describe, expect, it } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { elementCount } from "../../../compiler/onnx/check-tensors.ts";
import { elemTypeBytes, type ElemType } from "../../../compiler/onnx/elem-types.ts";
import { inferShapes } from "../../../compiler/onnx/infer/infer-shapes.ts";
import type { ModelGraph } from "../../../compiler/onnx/model-graph.ts";
import { readTensorBytes } from "../../../compiler/onnx/read-tensor.ts";
import { ropeBytes } from "../../../compiler/onnx/rope.ts";
import { writeModel } from "../../../compiler/onnx/write-model.ts";
import { shakenModel } from "../../../compiler/shard/shaken-model.ts";
import { builtModel, readSound } from "../../support/onnx-models.ts";

function shaken(model: ModelGraph, seed: number): ModelGraph {
  return readSound("shaken.onnx", ropeBytes(writeModel(shakenModel(model, inferShapes(model), seed)).model));
}

function bytesOf(model: ModelGraph, name: string): Uint8Array {
  const tensor = model.graph.initializers.find((own) => own.name === name);
  const bytes = tensor && readTensorBytes(model.files, tensor, elemTypeBytes(tensor.dtype, elementCount(tensor.dims)));
  if (!bytes) throw new Error(`${name} is a weight of the model`);
  return bytes;
}

/** By how many units in its last place each value of a weight was moved. */
function moves(a: ModelGraph, b: ModelGraph, name: string, width: 2 | 4): readonly number[] {
  const read = (bytes: Uint8Array): readonly number[] => {
    const view = new DataView(Uint8Array.from(bytes).buffer);
    return Array.from({ length: bytes.length / width }, (_, i) => (width === 4 ? view.getUint32(i * 4, true) : view.getUint16(i * 2, true)));
  };
  const before = read(bytesOf(a, name));
  return read(bytesOf(b, name)).map((bits, i) => bits - (before[i] ?? 0));
}

describe("a shaken model", () => {
  const b = createModelBuilder(17, 3);
  const ids = b.input("ids", "i64", ["N", 5]);
  const looked = b.node("Gather", [b.weight("table", [20, 64], 1), ids]);
  const first = b.node("MatMul", [looked, b.weight("w1", [64, 48], 0.1)]);
  const biased = b.node("Relu", [b.node("Add", [first, b.weight("bias", [48], 0.1)])]);
  b.node("MatMul", [biased, b.node("Transpose", [b.weight("w2", [8, 48], 0.1)], { perm: [1, 0] })], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N", 5, 8]);
  const model = builtModel(b);

  it("has its products' weights moved by half the root of the sums' length, up or down", () => {
    const other = shaken(model, 1);
    expect(new Set(moves(model, other, "w1", 4))).toEqual(new Set([-4, 4]));
    expect(new Set(moves(model, other, "w2", 4))).toEqual(new Set([-4, 4]));
    const up = moves(model, other, "w1", 4).filter((units) => units > 0).length;
    expect(Math.abs(up / (64 * 48) - 0.5)).toBeLessThan(0.05);
    expect(moves(model, shaken(model, 2), "w1", 4)).not.toEqual(moves(model, other, "w1", 4));
    expect(moves(model, shaken(model, 1), "w1", 4)).toEqual(moves(model, other, "w1", 4));
  });

  it("has what is not summed up as it was", () => {
    const other = shaken(model, 1);
    expect(bytesOf(other, "table")).toEqual(bytesOf(model, "table"));
    expect(bytesOf(other, "bias")).toEqual(bytesOf(model, "bias"));
  });

  it.each<{ readonly dtype: ElemType; readonly values: readonly number[]; readonly kept: readonly number[] }>([
    // 1, -0, a subnormal, infinity, NaN, the largest, the least normal
    { dtype: "f16", values: [0x3c00, 0x8000, 0x0001, 0x7c00, 0x7e00], kept: [1, 2, 3, 4] },
    { dtype: "bf16", values: [0x3f80, 0x8000, 0x0001, 0x7f80, 0x7fc0], kept: [1, 2, 3, 4] },
  ])("$dtype is moved by one unit; zeros and what is not finite stay", ({ dtype, values, kept }) => {
    const half = createModelBuilder(17);
    const x = half.input("x", dtype, ["N", values.length]);
    half.tensor("w", dtype, [values.length, 1], new Uint8Array(Uint16Array.from(values).buffer));
    half.node("MatMul", [x, "w"], {}, { outputs: ["y"] });
    half.output("y", dtype, ["N", 1]);
    const whole = builtModel(half);
    const moved = moves(whole, shaken(whole, 1), "w", 2);
    expect(moved.map(Math.abs)).toEqual(values.map((_, i) => (kept.includes(i) ? 0 : 1)));
  });
});
