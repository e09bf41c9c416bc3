/** Linear layers and ReLU over whole numbers: every sum is exact in single precision, so ranks give the whole's bits. */
import { Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { createModelBuilder, type ModelBuilder } from "../../../../compiler/onnx/build-model.ts";
import { builtBytes, readSound } from "../../../support/onnx-models.ts";
import { differences, rankSoundly, runRanks } from "../../../support/rank-trial.ts";
import { createRandom } from "../../../support/random.ts";
import { runBytes } from "../../../support/shard-trial.ts";

type Whole = (b: ModelBuilder, name: string, dims: readonly number[], most: number) => string;

/** Weights of whole numbers, the same at every call; or their magnitudes. */
function weights(isAbsolute: boolean): Whole {
  const random = createRandom(11);
  return (b, name, dims, most) => b.floats(name, dims, Array.from({ length: count(dims) }, () => {
    const value = random.integer(2 * most + 1) - most;
    return isAbsolute ? Math.abs(value) : value;
  }));
}

function count(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

function linear(whole: Whole): Uint8Array {
  const b = createModelBuilder(17);
  const x = b.input("x", "f32", ["N", 24]);
  const up = b.node("Relu", [b.node("Gemm", [x, whole(b, "w1", [24, 32], 2), whole(b, "b1", [32], 5)])]);
  const down = b.node("Add", [b.node("MatMul", [up, whole(b, "w2", [32, 24], 2)]), whole(b, "b2", [24], 5)]);
  const third = b.node("Relu", [b.node("Gemm", [b.node("Add", [down, x]), whole(b, "w3", [24, 20], 2), whole(b, "b3", [20], 5)])]);
  b.node("Gemm", [third, whole(b, "w4", [6, 20], 2), whole(b, "b4", [6], 5)], { transB: 1 }, { outputs: ["y"] });
  b.output("y", "f32", ["N", 6]);
  return builtBytes(b);
}

function convolutional(whole: Whole): Uint8Array {
  const b = createModelBuilder(17);
  const x = b.input("x", "f32", ["N", 3, 8, 8]);
  const first = b.node("Relu", [b.node("Conv", [x, whole(b, "w1", [8, 3, 3, 3], 1), whole(b, "b1", [8], 3)], { pads: [1, 1, 1, 1] })]);
  const depthwise = b.node("Relu", [b.node("Conv", [first, whole(b, "w2", [8, 1, 3, 3], 1), whole(b, "b2", [8], 3)], { pads: [1, 1, 1, 1], group: 8 })]);
  const next = b.node("Relu", [b.node("Conv", [b.node("Add", [depthwise, first]), whole(b, "w3", [12, 8, 1, 1], 1), whole(b, "b3", [12], 3)])]);
  const last = b.node("Conv", [b.node("MaxPool", [next], { kernel_shape: [2, 2], strides: [2, 2] }), whole(b, "w4", [3, 12, 1, 1], 1), whole(b, "b4", [3], 3)]);
  b.node("ReduceSum", [last, b.ints("axes", [2], [2, 3])], { keepdims: 0 }, { outputs: ["y"] });
  b.output("y", "f32", ["N", 3]);
  return builtBytes(b);
}

/** The largest sum of |w||x|: what the model of the weights' magnitudes gives for the largest inputs. */
async function largestSum(bytes: Uint8Array, dims: readonly number[]): Promise<number> {
  const y = (await runBytes(bytes, { x: new Tensor("float32", new Float32Array(count(dims)).fill(2), dims) }))["y"]?.data;
  return y instanceof Float32Array ? Math.max(...y) : Infinity;
}

it.each([
  { title: "linear layers", make: linear, dims: [3, 24] },
  { title: "convolutions", make: convolutional, dims: [2, 3, 8, 8] },
])("$title: bit for bit on 2 and 4 ranks, in one stage and in two", async ({ make, dims }) => {
  expect(await largestSum(make(weights(true)), dims)).toBeLessThan(2 ** 24);
  const bytes = make(weights(false));
  const model = readSound("integers.onnx", bytes);
  const random = createRandom(5);
  const feeds = { x: new Tensor("float32", Float32Array.from({ length: count(dims) }, () => random.integer(5) - 2), dims) };
  const expected = await runBytes(bytes, feeds);
  for (const [pipeline, tensor] of [[1, 2], [1, 4], [2, 2], [2, 4]] as const) {
    const found = await runRanks(rankSoundly(model, pipeline, tensor), feeds);
    expect([...differences(expected, found).values()].every(({ equal }) => equal), `${pipeline} x ${tensor}`).toBe(true);
  }
});
