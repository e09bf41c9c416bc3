/** Shares of weights are the bytes they should be, however the weight lies in its file; sums in half precision add in single. */
import { Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { createModelBuilder } from "../../../../compiler/onnx/build-model.ts";
import { bytesModel } from "../../../../compiler/onnx/byte-source.ts";
import type { ModelGraph, TensorRef } from "../../../../compiler/onnx/model-graph.ts";
import { readModel } from "../../../../compiler/onnx/read-model.ts";
import { ropeBytes } from "../../../../compiler/onnx/rope.ts";
import { reshapeShard } from "../../../../compiler/shard/tensor/reshape-axes.ts";
import { sliceWeight } from "../../../../compiler/shard/tensor/slice-weight.ts";
import { shard, stateKey } from "../../../../compiler/shard/tensor/tensor-state.ts";
import { dimName, dimOf, mulDims, type Dim } from "../../../../language/tensor/dim.ts";
import { builtBytes, readSound } from "../../../support/onnx-models.ts";
import { differences, rankSoundly, runRanks } from "../../../support/rank-trial.ts";
import { runBytes } from "../../../support/shard-trial.ts";

const dims = [4, 12, 2];

function holding(isExternal: boolean): { readonly model: ModelGraph; readonly tensor: TensorRef } {
  const b = createModelBuilder(17);
  b.floats("w", dims, Array.from({ length: 96 }, (_, i) => i));
  b.node("Identity", ["w"], {}, { outputs: ["y"] });
  b.output("y", "f32", dims);
  const { model: main, external } = b.build(isExternal ? { external: { location: "w.bin", bytesMin: 1 } } : {});
  const { model } = readModel(bytesModel("m", ropeBytes(main), new Map([["w.bin", ropeBytes(external)]])));
  const tensor = model?.graph.initializers[0];
  if (!model || !tensor) throw new Error("the model is sound");
  return { model, tensor };
}

/** Element by element: which rank has a place of the axis. */
function expected(axis: number, runs: readonly number[], rank: number, count: number): readonly number[] {
  const owner = runs.flatMap((run) => Array.from({ length: run }, (_, i) => Math.floor((i * count) / run)));
  const strides = dims.map((_, at) => dims.slice(at + 1).reduce((a, b) => a * b, 1));
  return Array.from({ length: 96 }, (_, i) => i).filter((i) => owner[(Math.floor(i / (strides[axis] ?? 1)) % (dims[axis] ?? 1)) % owner.length] === rank);
}

describe("slices of a weight", () => {
  it.each([
    { axis: 0, runs: [4], count: 2 }, { axis: 0, runs: [2], count: 2 }, { axis: 1, runs: [12], count: 4 }, { axis: 1, runs: [4], count: 2 },
    { axis: 1, runs: [8, 2, 2], count: 2 }, { axis: 1, runs: [6, 6], count: 3 }, { axis: 2, runs: [2], count: 2 },
  ])("axis $axis in runs of $runs on $count ranks", ({ axis, runs, count }) => {
    for (const isExternal of [false, true]) {
      const { model, tensor } = holding(isExternal);
      for (let rank = 0; rank < count; rank++) {
        const slice = sliceWeight(model, tensor, "share", shard(axis, runs), rank, count);
        const bytes = slice && ropeBytes(slice.data);
        expect(bytes && [...new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))]).toEqual(expected(axis, runs, rank, count));
        expect(slice?.dims).toEqual(dims.map((dim, at) => (at === axis ? dim / count : dim)));
      }
    }
  });
});

describe("divisions through a reshape", () => {
  const [n, s] = [dimName("N"), dimName("S")];
  const [four, eight, twelve, width] = [dimOf(4), dimOf(8), dimOf(12), dimOf(96)];
  const cases: readonly (readonly [string, readonly Dim[], number, readonly number[], readonly Dim[], string])[] = [
    ["into heads", [n, s, width], 2, [96], [n, s, twelve, eight], "S2:12"],
    ["out of heads", [n, s, twelve, eight], 2, [12], [n, s, width], "S2:96"],
    ["a fused axis into its parts", [n, s, width], 2, [32], [n, s, dimOf(3), four, eight], "S3:4"],
    ["heads into the batch", [n, twelve, s, eight], 1, [12], [mulDims(n, twelve), s, eight], "S0:12"],
    ["heads out of the batch", [mulDims(n, twelve), s, eight], 0, [12], [n, twelve, s, eight], "S1:12"],
    ["groups of heads merged", [n, four, dimOf(3), s], 1, [4], [n, twelve, s], "S1:12"],
    ["rows merged, columns kept", [n, s, width], 2, [96], [mulDims(n, s), width], "S1:96"],
    ["heads that do not fall apart evenly", [n, s, dimOf(12)], 2, [12], [n, s, dimOf(3), four], "none"],
    ["an axis behind one that only data knows", [n, four, s], 1, [4], [n, mulDims(four, s)], "none"],
  ];
  it.each(cases)("%s", (_, before, axis, runs, after, found) => {
    const out = reshapeShard(shard(axis, runs), before, after, 2);
    expect(out ? stateKey(out) : "none").toBe(found);
  });
});

it("parts of a sum in half precision are added in single", async () => {
  const b = createModelBuilder(17);
  const half = (count: number): Uint8Array => new Uint8Array(Uint16Array.from({ length: count }, (_, i) => 0x3400 + ((i * 37) % 512)).buffer);
  const up = b.node("MatMul", [b.input("x", "f16", ["N", 8]), b.tensor("w1", "f16", [8, 8], half(64))]);
  b.node("MatMul", [b.node("Relu", [up]), b.tensor("w2", "f16", [8, 6], half(48))], {}, { outputs: ["y"] });
  b.output("y", "f16", ["N", 6]);
  const bytes = builtBytes(b);
  const set = rankSoundly(readSound("half.onnx", bytes), 1, 2);
  const nodes = set.stages[0]?.ranks[0]?.segments[1]?.draft.graph.nodes.map((node) => (node.kind === "new" ? node.op : node.node.op));
  expect(nodes).toEqual(["Cast", "Cast", "Sum", "Cast"]);
  const feeds = { x: new Tensor("float16", Uint16Array.from({ length: 16 }, (_, i) => 0x3000 + i * 64), [2, 8]) };
  const difference = differences(await runBytes(bytes, feeds), await runRanks(set, feeds)).get("y");
  // Two roundings to 11 bits.
  expect(difference?.maxRel).toBeLessThan(2 ** -9);
});
