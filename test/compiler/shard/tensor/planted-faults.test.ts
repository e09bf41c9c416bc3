/**
 * Faults that sharding tensors could commit, planted in sound shards. Each changes what the ranks compute, or keeps them
 * from running, and each is caught by a check of its own.
 */
import { describe, expect, it } from "vitest";
import { randomInputs } from "../../../../compiler/cli/shards/model-inputs.ts";
import { createModelBuilder } from "../../../../compiler/onnx/build-model.ts";
import { inferShapes } from "../../../../compiler/onnx/infer/infer-shapes.ts";
import type { NewTensor, TensorDraft } from "../../../../compiler/onnx/model-draft.ts";
import { indexGraph } from "../../../../compiler/shard/graph-index.ts";
import type { ShardSet, ShardSegment } from "../../../../compiler/shard/shard-set.ts";
import { integerTensor } from "../../../../compiler/shard/tensor/new-nodes.ts";
import { modelFacts } from "../../../../compiler/shard/tensor/part-graph.ts";
import { sliceWeight } from "../../../../compiler/shard/tensor/slice-weight.ts";
import { shard } from "../../../../compiler/shard/tensor/tensor-state.ts";
import { verifyTensors } from "../../../../compiler/shard/tensor/verify-tensors.ts";
import { verifyFlow } from "../../../../compiler/shard/verify-shards.ts";
import { builtBytes, readSound } from "../../../support/onnx-models.ts";
import { beyondTolerance, rankSoundly, roundingOf, runRanks, withSegment } from "../../../support/rank-trial.ts";
import { runBytes, type Values } from "../../../support/shard-trial.ts";

/** Attention with a fused projection; the scale is computed from a shape; the projection behind has its bias inside. */
function attention(): Uint8Array {
  const b = createModelBuilder(17, 5);
  const x = b.input("x", "f32", ["N", 5, 16]);
  b.node("MatMul", [x, b.weight("qkv", [16, 48], 0.4)], {}, { outputs: ["fused"] });
  b.node("Split", ["fused", b.ints("sizes", [3], [16, 16, 16])], { axis: 2 }, { outputs: ["q", "k", "v"] });
  const heads = b.ints("heads", [4], [0, 0, 4, 4]);
  const [q, k, v] = ["q", "k", "v"].map((name) => b.node("Transpose", [b.node("Reshape", [name, heads])], { perm: [0, 2, 1, 3] }));
  const width = b.node("Gather", [b.node("Shape", ["q"], {}, { outputs: ["q_shape"] }), b.ints("last", [1], [2])]);
  const scale = b.node("Sqrt", [b.node("Cast", [width], { to: 1 })]);
  const scores = b.node("Div", [b.node("MatMul", [q ?? "", b.node("Transpose", [k ?? ""], { perm: [0, 1, 3, 2] })]), scale]);
  const mixed = b.node("Transpose", [b.node("MatMul", [b.node("Softmax", [scores], { axis: -1 }), v ?? ""])], { perm: [0, 2, 1, 3] });
  b.node("Gemm", [b.node("Reshape", [mixed, b.ints("rows", [2], [-1, 16])]), b.weight("proj", [16, 16], 0.4), b.weight("bias", [16], 3)], {}, { name: "proj", outputs: ["projected"] });
  b.node("Add", [b.node("Exp", ["projected"]), b.node("Tanh", ["projected"])], {}, { outputs: ["y"] });
  b.output("y", "f32", ["M", 16]);
  return builtBytes(b);
}

const bytes = attention();
const model = readSound("attention.onnx", bytes);
const inferred = inferShapes(model);
const facts = modelFacts(indexGraph(model, inferred));

function feeds(): Values {
  const made = randomInputs(model, new Map([["N", 2]]), 3);
  if (!made.ok) throw new Error("the inputs can be made");
  return made.value;
}

function verify(set: ShardSet): void {
  for (const stage of set.stages) verifyTensors(facts, stage);
}

/** The outputs that the planted fault makes wrong, by more than rounding moves them. */
async function wrong(set: ShardSet): Promise<readonly string[]> {
  const whole = await runBytes(bytes, feeds());
  return beyondTolerance(whole, await runRanks(set, feeds()), await roundingOf(model, inferred, feeds(), whole));
}

function withTensors(segment: ShardSegment, change: (tensor: TensorDraft) => TensorDraft): ShardSegment {
  const { draft } = segment;
  return { ...segment, draft: { ...draft, graph: { ...draft.graph, initializers: draft.graph.initializers.map(change) } } };
}

function named(tensor: TensorDraft, name: string): tensor is NewTensor {
  return tensor.kind === "new" && tensor.name === name;
}

/** Every rank's first segment, changed. */
function inEveryRank(set: ShardSet, change: (segment: ShardSegment, rank: number) => ShardSegment): ShardSet {
  return [0, 1].reduce((changed, rank) => withSegment(changed, 0, rank, 0, (segment) => change(segment, rank)), set);
}

describe("planted faults", () => {
  const sound = rankSoundly(model, 1, 2, inferred);

  it("sound shards pass, and compute what the whole computes", async () => {
    expect(() => verify(sound)).not.toThrow();
    expect(await wrong(sound)).toEqual([]);
    expect(sound.stages[0]?.tensors?.collectives.map(({ op, value }) => [op, value])).toEqual([["sum", "projected"]]);
  });

  it("a bias added by every rank", async () => {
    const bias = model.graph.initializers.find((tensor) => tensor.name === "bias");
    const planted = withSegment(sound, 0, 1, 0, (segment) => {
      const { graph } = segment.draft;
      const nodes = graph.nodes.map((node) => (node.kind === "edit" && node.node.name === "proj" ? { ...node, inputs: [...(node.inputs ?? []), "bias"] } : node));
      return { ...segment, draft: { ...segment.draft, graph: { ...graph, nodes, initializers: [...graph.initializers, ...(bias ? [{ kind: "copy" as const, tensor: bias }] : [])] } } };
    });
    expect(await wrong(planted)).toEqual(["y"]);
    expect(() => verify(planted)).toThrow('Gemm "proj": input 2 is added by rank 1 too');
  });

  it("a fused projection divided as if it were one: weights that are not the shares they should be", async () => {
    const weight = model.graph.initializers.find((tensor) => tensor.name === "qkv");
    const planted = inEveryRank(sound, (segment, rank) => withTensors(segment, (tensor) => {
      const contiguous = weight && sliceWeight(model, weight, "qkv.share.S1:16", shard(1, [48]), rank, 2);
      return named(tensor, "qkv.share.S1:16") && contiguous ? contiguous : tensor;
    }));
    expect(await wrong(planted)).toEqual(["y"]);
    expect(() => verify(planted)).toThrow('other values than the whole in "qkv"');
  });

  it("a fused projection divided as if it were one: a division that the split behind cannot take apart", () => {
    const [stage] = sound.stages;
    const tensors = stage?.tensors;
    if (!stage || !tensors) throw new Error("there is a stage on ranks");
    const states = new Map([...tensors.states, ["fused", shard(2, [48])] as const]);
    const used = new Map([...tensors.used].map(([node, inputs]) => [node, node.op === "Split" ? [shard(2, [48])] : node.op === "MatMul" && node.outputs[0] === "fused" ? [inputs[0] ?? shard(0, [2]), shard(1, [48])] : inputs]));
    expect(() => verify({ ...sound, stages: [{ ...stage, tensors: { ...tensors, states, used } }] })).toThrow(/Split .* does not turn S2:48 into/);
  });

  it("a stale number of heads in a shape", async () => {
    const planted = inEveryRank(sound, (segment) => withTensors(segment, (tensor) => (named(tensor, "pipec.integers.0_0_2_4") ? integerTensor(tensor.name, [0, 0, 4, 4]) : tensor)));
    await expect(wrong(planted)).rejects.toThrow(/Reshape/);
    expect(() => verify(planted)).toThrow('verifyShards: stage 1: rank 0, segment 0: node "Reshape_2" (Reshape) cannot run: [N, 5, 8] has not as many elements as [N, 5, 4, 4]');
  });

  it("a scale taken of the shares", async () => {
    const planted = inEveryRank(sound, (segment) => withTensors(segment, (tensor) => (named(tensor, "pipec.integers.1_1_2") ? integerTensor(tensor.name, [1, 1, 1]) : tensor)));
    expect(await wrong(planted)).toEqual(["y"]);
    expect(() => verify(planted)).toThrow(/"(q_shape|gather_\d+)" has other values than in the whole/);
  });

  it("a share that is not put out for the peers", () => {
    const planted = withSegment(sound, 0, 0, 0, (segment) => ({ ...segment, outputs: [] }));
    expect(() => verify(planted)).toThrow(/is not among what its maker puts out/);
  });

  it("a dropped pass-through between stages of ranks", () => {
    const b = createModelBuilder(17, 3);
    b.node("MatMul", [b.input("x", "f32", ["N", 4]), b.weight("w1", [4, 8], 0.5)], {}, { outputs: ["a"] });
    b.node("MatMul", [b.node("Exp", ["a"]), b.weight("w2", [8, 8], 0.5)], {}, { outputs: ["b"] });
    b.node("MatMul", [b.node("Exp", ["b"]), b.weight("w3", [8, 8], 0.5)], {}, { outputs: ["c"] });
    b.node("Add", ["c", "a"], {}, { outputs: ["y"] });
    b.output("y", "f32", ["N", 8]);
    const whole = readSound("forward.onnx", builtBytes(b));
    const set = rankSoundly(whole, 3, 2);
    const middle = set.stages[1];
    const forwarded = middle?.sends.find((name) => middle.receives.includes(name));
    expect(forwarded).toBe("a");
    const dropped = { ...set, stages: set.stages.map((stage) => (stage === middle ? { ...stage, leaves: stage.leaves.filter(({ value }) => value !== "a") } : stage)) };
    const own = modelFacts(indexGraph(whole, inferShapes(whole)));
    expect(() => dropped.stages.forEach((stage) => verifyTensors(own, stage))).toThrow('"a" is sent but neither received nor made by the first rank');
    const unsent = { ...set, stages: set.stages.map((stage) => (stage === middle ? { ...stage, sends: stage.sends.filter((value) => value !== "a") } : stage)) };
    expect(() => verifyFlow(unsent)).toThrow('stage 3: "a" does not arrive');
  });
});
