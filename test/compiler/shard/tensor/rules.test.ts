/**
 * Every sharding rule by itself: a value that lies in shares or parts of a sum goes through one operator. The state
 * behind it is as expected, and two ranks compute what one does.
 */
import { expect, it } from "vitest";
import { randomInputs } from "../../../../compiler/cli/shards/model-inputs.ts";
import { createModelBuilder, type Attributes, type ModelBuilder } from "../../../../compiler/onnx/build-model.ts";
import { inferShapes } from "../../../../compiler/onnx/infer/infer-shapes.ts";
import { ropeBytes } from "../../../../compiler/onnx/rope.ts";
import { writeModel } from "../../../../compiler/onnx/write-model.ts";
import { stateKey } from "../../../../compiler/shard/tensor/tensor-state.ts";
import { readSound } from "../../../support/onnx-models.ts";
import { beyondTolerance, rankSoundly, runRanks } from "../../../support/rank-trial.ts";
import { runBytes } from "../../../support/shard-trial.ts";

/** What comes before: [N, 5, 16] by columns, [N, 4, 5, 4] by heads, [N, 16, 6, 6] by channels, a sum [N, 5, 6], fused [N, 5, 48]. */
type Source = "columns" | "heads" | "channels" | "sum" | "fused";

function source(b: ModelBuilder, kind: Source): string {
  if (kind === "channels") return b.node("Conv", [b.input("x", "f32", ["N", 3, 6, 6]), b.weight("w", [16, 3, 1, 1], 0.5)]);
  const x = b.input("x", "f32", ["N", 5, 6]);
  if (kind === "fused") return b.node("MatMul", [x, b.weight("w", [6, 48], 0.5)]);
  const columns = b.node("MatMul", [x, b.weight("w", [6, 16], 0.5)]);
  if (kind === "columns") return columns;
  if (kind === "sum") return b.node("MatMul", [columns, b.weight("w2", [16, 6], 0.5)]);
  return b.node("Transpose", [b.node("Reshape", [columns, b.ints("split", [4], [0, 0, -1, 4])])], { perm: [0, 2, 1, 3] });
}

type Body = (b: ModelBuilder, x: string) => string;
type Case = readonly [title: string, from: Source, state: string, body: Body, opset?: number];

/** One operator on the value alone. */
function op(name: string, attributes: Attributes = {}, ...more: readonly ((b: ModelBuilder) => string)[]): Body {
  return (b, x) => b.node(name, [x, ...more.map((make) => make(b))], attributes, { outputs: ["t"] });
}

const floats = (name: string, dims: readonly number[]) => (b: ModelBuilder): string => b.weight(name, dims, 0.5);
const ints = (name: string, ...values: readonly number[]) => (b: ModelBuilder): string => b.ints(name, [values.length], values);

const cases: readonly Case[] = [
  // Elementwise
  ["a unary operator", "columns", "S2:16", op("Erf")],
  ["an activation", "columns", "S2:16", op("Sigmoid")],
  ["GELU as one operator", "columns", "S2:16", op("Gelu"), 20],
  ["a bias on the divided axis", "columns", "S2:16", op("Add", {}, floats("bias", [16]))],
  ["a factor that broadcasts", "columns", "S2:16", op("Mul", {}, floats("scale", [5, 1]))],
  ["a choice by a mask", "heads", "S1:4", (b, x) => b.node("Where", [b.node("Greater", [x, b.floats("zero", [], [0])]), x, b.floats("low", [], [-9])], {}, { outputs: ["t"] })],
  ["bounds", "columns", "S2:16", op("Clip", {}, (b) => b.floats("low", [], [-0.5]), (b) => b.floats("high", [], [0.5]))],
  ["a slope by channel", "channels", "S1:16", op("PRelu", {}, floats("slope", [16, 1, 1]))],
  ["an operator that is not linear, of a sum: added up first", "sum", "R", op("Tanh")],
  ["the negative of a sum", "sum", "P", op("Neg")],
  ["a sum scaled", "sum", "P", op("Mul", {}, (b) => b.floats("half", [], [0.5]))],
  ["a sum divided", "sum", "P", op("Div", {}, (b) => b.floats("two", [], [2]))],
  ["two sums added", "sum", "P", (b, x) => b.node("Add", [x, b.node("Neg", [x])], {}, { outputs: ["t"] })],
  ["a sum squared: added up first", "sum", "R", (b, x) => b.node("Mul", [x, x], {}, { outputs: ["t"] })],
  // Views
  ["a transpose", "columns", "S0:16", op("Transpose", { perm: [2, 0, 1] })],
  ["a split of the divided axis into heads", "columns", "S2:4", op("Reshape", {}, ints("to", 0, 0, 4, 4))],
  ["heads whose number follows", "columns", "S2:4", op("Reshape", {}, ints("to", 0, 0, -1, 4))],
  ["heads merged with the batch", "heads", "S0:4", (b, x) => b.node("Reshape", [op("Reshape", {}, ints("to", -1, 5, 4))(b, x), b.ints("apart", [4], [-1, 4, 5, 4])])],
  ["heads merged again", "heads", "S2:16", (b, x) => b.node("Reshape", [b.node("Transpose", [x], { perm: [0, 2, 1, 3] }), b.ints("back", [3], [0, 0, 16])], {}, { outputs: ["t"] })],
  ["a shape that is computed", "columns", "S2:4", (b, x) => {
    const rows = b.node("Slice", [b.node("Shape", [x]), b.ints("from", [1], [0]), b.ints("till", [1], [2])]);
    return b.node("Reshape", [x, b.node("Concat", [rows, b.ints("heads", [2], [4, 4])], { axis: 0 })], {}, { outputs: ["t"] });
  }],
  ["a shape taken of the shares", "heads", "S1:4", (b, x) => b.node("Reshape", [b.node("Neg", [x]), b.node("Shape", [x])], {}, { outputs: ["t"] })],
  ["channels flattened with what follows", "channels", "S1:576", op("Flatten")],
  ["an axis of length 1 added", "columns", "S3:16", op("Unsqueeze", {}, ints("at", 1))],
  ["an axis of length 1 taken away", "columns", "S2:16", (b, x) => b.node("Squeeze", [b.node("Unsqueeze", [x, b.ints("at", [1], [1])]), b.ints("off", [1], [1])], {}, { outputs: ["t"] })],
  ["a sum under another shape", "sum", "P", op("Reshape", {}, ints("to", 0, 30))],
  // Taking apart and putting together
  ["a fused axis split", "fused", "S2:16", (b, x) => b.node("Split", [x, b.ints("sizes", [3], [16, 16, 16])], { axis: 2 }, { outputs: ["t", "k", "v"] })],
  ["a fused axis split unevenly", "fused", "S2:32", (b, x) => b.node("Split", [x, b.ints("sizes", [3], [32, 8, 8])], { axis: 2 }, { outputs: ["t", "k", "v"] })],
  ["a fused axis sliced", "fused", "S2:16", op("Slice", {}, ints("from", 16), ints("till", 32), ints("axis", 2))],
  ["fused parts looked up", "fused", "S1:4", (b, x) => {
    const apart = b.node("Transpose", [b.node("Reshape", [x, b.ints("to", [5], [0, 0, 3, 4, 4])])], { perm: [2, 0, 3, 1, 4] });
    return b.node("Gather", [apart, b.tensor("one", "i64", [], new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]))], { axis: 0 }, { outputs: ["t"] });
  }],
  ["another axis split", "columns", "S2:16", (b, x) => b.node("Split", [x, b.ints("sizes", [2], [2, 3])], { axis: 1 }, { outputs: ["t", "rest"] })],
  ["another axis sliced", "columns", "S2:16", op("Slice", {}, ints("from", 1), ints("till", 3), ints("axis", 1))],
  ["rows looked up", "columns", "S2:16", op("Gather", { axis: 1 }, ints("rows", 4, 0))],
  ["joined along another axis", "columns", "S2:16", (b, x) => b.node("Concat", [x, b.node("Neg", [x])], { axis: 1 }, { outputs: ["t"] })],
  ["joined along the divided axis", "channels", "S1:16", (b, x) => b.node("Concat", [x, b.node("Neg", [x])], { axis: 1 }, { outputs: ["t"] })],
  ["joined with a constant", "columns", "S2:16+8", (b, x) => b.node("Concat", [b.node("Gather", [x, b.ints("first", [1], [0])], { axis: 0 }), b.weight("c", [1, 5, 8], 1)], { axis: 2 }, { outputs: ["t"] })],
  ["expanded along another axis", "columns", "S3:16", (b, x) => b.node("Expand", [b.node("Unsqueeze", [x, b.ints("at", [1], [1])]), b.ints("to", [4], [1, 3, 5, 16])], {}, { outputs: ["t"] })],
  ["repeated along another axis", "columns", "S2:16", op("Tile", {}, ints("times", 1, 2, 1))],
  ["padded along other axes", "channels", "S1:16", op("Pad", {}, ints("pads", 0, 0, 1, 1, 0, 0, 1, 1))],
  ["enlarged", "channels", "S1:16", op("Resize", { mode: "nearest" }, () => "", (b) => b.floats("scales", [4], [1, 1, 2, 2])), 13],
  ["enlarged to a size", "channels", "S1:16", (b, x) => b.node("Resize", [b.node("Gather", [x, b.ints("first", [1], [0])], { axis: 0 }), "", "", b.ints("sizes", [4], [1, 16, 9, 9])], { mode: "nearest" }, { outputs: ["t"] }), 13],
  // Products
  ["columns of a weight", "columns", "S2:16", (b, x) => b.node("Relu", [x], {}, { outputs: ["t"] })],
  ["rows of a weight", "columns", "P", op("MatMul", {}, floats("down", [16, 6]))],
  ["rows of a weight with a bias, added once", "heads", "P", (b, x) => b.node("Gemm", [b.node("Reshape", [b.node("Transpose", [x], { perm: [0, 2, 1, 3] }), b.ints("rows", [2], [-1, 16])]), b.weight("down", [6, 16], 0.5), b.weight("bias", [6], 5)], { transB: 1 }, { outputs: ["t"] })],
  ["scores by head", "heads", "S1:4", (b, x) => b.node("MatMul", [x, b.node("Transpose", [x], { perm: [0, 1, 3, 2] })], {}, { outputs: ["t"] })],
  ["an equation by head", "heads", "S1:4", (b, x) => b.node("Einsum", [x, x], { equation: "bhqd,bhkd->bhqk" }, { outputs: ["t"] })],
  ["an equation over the divided axis", "columns", "P", op("Einsum", { equation: "bsk,kn->bsn" }, floats("down", [16, 6]))],
  // Images
  ["a convolution after a convolution", "channels", "S1:8", op("Conv", {}, floats("next", [8, 16, 3, 3]), floats("bias", [8]))],
  ["a depthwise convolution", "channels", "S1:16", op("Conv", { group: 16 }, floats("next", [16, 1, 3, 3]), floats("bias", [16]))],
  ["a convolution by groups", "channels", "S1:32", op("Conv", { group: 4 }, floats("next", [32, 4, 3, 3]))],
  ["outputs that cannot be divided: a sum, its bias added once", "channels", "P", op("Conv", {}, floats("next", [3, 16, 1, 1]), floats("bias", [3]))],
  ["a transposed convolution", "channels", "S1:8", op("ConvTranspose", { strides: [2, 2] }, floats("next", [16, 8, 2, 2]), floats("bias", [8]))],
  ["pooling", "channels", "S1:16", op("MaxPool", { kernel_shape: [2, 2] })],
  ["the mean over an image", "channels", "S1:16", op("GlobalAveragePool")],
  ["normalised by channel", "channels", "S1:16", op("BatchNormalization", {}, floats("scale", [16]), floats("shift", [16]), floats("mean", [16]), (b) => b.floats("variance", [16], Array.from({ length: 16 }, (_, i) => 1 + i)))],
  ["normalised by group", "channels", "S1:16", op("GroupNormalization", { num_groups: 4 }, floats("scale", [16]), floats("shift", [16])), 21],
  // Along axes
  ["softmax by head", "heads", "S1:4", op("Softmax", { axis: -1 })],
  ["softmax along the divided axis: put together first", "columns", "R", op("Softmax", { axis: -1 })],
  ["normalised by head", "heads", "S1:4", op("LayerNormalization", { axis: -1 }, floats("scale", [4]), floats("shift", [4]))],
  ["normalised along the divided axis: put together first", "columns", "R", op("LayerNormalization", { axis: -1 }, floats("scale", [16]), floats("shift", [16]))],
  ["the mean along another axis", "columns", "S1:16", op("ReduceMean", { axes: [1], keepdims: 0 })],
  ["the sum along the divided axis", "columns", "P", op("ReduceSum", { keepdims: 0 }, ints("axes", 2))],
  ["the largest along the divided axis: put together first", "columns", "R", op("ReduceMax", { axes: [2] })],
  ["the mean of a sum", "sum", "P", op("ReduceMean", { axes: [1] })],
  ["a running sum along another axis", "columns", "S2:16", op("CumSum", {}, (b) => b.tensor("axis", "i64", [], new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0])))],
  ["triangles by head", "heads", "S1:4", op("Trilu")],
  // No rule
  ["an operator without a rule: put together first", "columns", "R", (b, x) => b.node("ReverseSequence", [x, b.tensor("lengths", "i64", [5], new Uint8Array(BigInt64Array.from([1n, 1n, 1n, 1n, 1n]).buffer))], { batch_axis: 1, time_axis: 0 }, { outputs: ["t"] })],
];

it.each(cases.map(([title, from, state, body, opset = 17]) => ({ title, from, state, body, opset })))("$title ($from)", async ({ from, state, body, opset }) => {
  const b = createModelBuilder(opset, 3);
  const bytes = withOutput(b, smallPart(b, state, body(b, source(b, from))));
  const model = readSound("rule.onnx", bytes);
  const set = rankSoundly(model, 1, 2);
  const found = set.stages[0]?.tensors?.states.get("t");
  expect(found ? stateKey(found) : "R").toBe(state);
  const feeds = randomInputs(model, new Map([["N", 3]]), 7);
  if (!feeds.ok) throw new Error("the inputs can be made");
  expect(beyondTolerance(await runBytes(bytes, feeds.value), await runRanks(set, feeds.value))).toEqual([]);
});

/** Some of the value, along all axes but the divided one: putting it together early would cost more than late. */
function smallPart(b: ModelBuilder, state: string, value: string): string {
  const type = inferShapes(readSound("rule.onnx", withOutput(b, value))).types.get(value);
  const rank = type?.kind === "tensor" ? (type.shape?.length ?? 0) : 0;
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !state.startsWith(`S${axis}:`) && !(axis === 1 && state.startsWith("S0:")));
  const [from, till, along] = [axes.map(() => 0), axes.map(() => 2), axes].map((values, i) => b.ints(`part${i}`, [values.length], values));
  return b.node("Slice", [value, from ?? "", till ?? "", along ?? ""], {}, { outputs: ["y"] });
}

/** The model with one output, whose shape is left to inference. */
function withOutput(b: ModelBuilder, name: string): Uint8Array {
  const draft = b.draft();
  return ropeBytes(writeModel({ ...draft, graph: { ...draft.graph, outputs: [{ kind: "new", name, dtype: "f32", dims: null }] } }).model);
}
