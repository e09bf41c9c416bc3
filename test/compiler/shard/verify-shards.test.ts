/** Planted faults: each is of a kind that cutting could commit, and each is caught by a check of its own. */
import { expect, it, describe } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { inferShapes } from "../../../compiler/onnx/infer/infer-shapes.ts";
import type { GraphDraft } from "../../../compiler/onnx/model-draft.ts";
import { cutAfter } from "../../../compiler/shard/choose-cuts.ts";
import type { ShardSet, ShardStage } from "../../../compiler/shard/shard-set.ts";
import { verifyShards } from "../../../compiler/shard/verify-shards.ts";
import { builtModel } from "../../support/onnx-models.ts";
import { cutSoundly } from "../../support/shard-trial.ts";

function model() {
  const b = createModelBuilder(17, 3);
  const x = b.input("x", "f32", ["N", 4]);
  b.node("MatMul", [x, b.weight("w1", [4, 6], 0.5)], {}, { outputs: ["a"] });
  b.node("Exp", ["a"], {}, { outputs: ["b"] });
  b.node("Transpose", ["b"], { perm: [1, 0] }, { outputs: ["t"] });
  b.node("MatMul", ["a", "t"], {}, { outputs: ["c"] });
  b.node("Add", ["c", b.floats("bias", [1], [2])], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N", "N"]);
  return builtModel(b);
}

const whole = model();
const inferred = inferShapes(whole);

/** Stages: a | b | t, c, y. `a` is forwarded past the second. */
function threeStages(): ShardSet {
  const first = cutAfter(whole, inferred, ["a"], new Set());
  const second = "unknown" in first ? first : cutAfter(whole, inferred, ["b"], first);
  if ("unknown" in first || "unknown" in second) throw new Error("the nodes exist");
  return cutSoundly(whole, [first, second], inferred);
}

function withStage(set: ShardSet, index: number, change: (stage: ShardStage) => ShardStage): ShardSet {
  return { ...set, stages: set.stages.map((stage) => (stage.index === index ? change(stage) : stage)) };
}

function withGraph(set: ShardSet, index: number, change: (graph: GraphDraft) => GraphDraft): ShardSet {
  return withStage(set, index, (stage) => ({ ...stage, draft: { ...stage.draft, graph: change(stage.draft.graph) } }));
}

describe("verifyShards", () => {
  it("lets a sound set pass", () => {
    expect(() => verifyShards(threeStages(), inferred)).not.toThrow();
  });

  it("catches a dropped pass-through", () => {
    const dropped = withStage(threeStages(), 1, (stage) => ({ ...stage, sends: ["b"] }));
    expect(() => verifyShards(dropped, inferred)).toThrow('stage 3: "a" does not arrive');
  });

  it("catches a value sent by a stage that has not got it", () => {
    const set = withStage(threeStages(), 1, (stage) => ({ ...stage, receives: ["a"], sends: [...stage.sends, "x"] }));
    expect(() => verifyShards(set, inferred)).toThrow('stage 2: "x" is sent but neither received nor made');
  });

  it("catches an output that does not come out", () => {
    const set = withStage(threeStages(), 2, (stage) => ({ ...stage, sends: [] }));
    expect(() => verifyShards(set, inferred)).toThrow('output "y" does not come out');
  });

  it("catches a missing initializer", () => {
    const set = withGraph(threeStages(), 0, (graph) => ({ ...graph, initializers: [] }));
    expect(() => verifyShards(set, inferred)).toThrow('uses "w1", which nothing in the model produces');
  });

  it("catches a weight that crosses a cut instead of being where it is used", () => {
    const set = threeStages();
    const bias = { kind: "new" as const, name: "bias", dtype: "f32" as const, dims: [1] };
    const crossing = withStage(withGraph(set, 2, (graph) => ({ ...graph, initializers: [], inputs: [...graph.inputs, bias] })), 2, (stage) => ({
      ...stage, receives: [...stage.receives, "bias"], inputs: [...stage.inputs, { name: "bias", from: { kind: "stage", stage: 1 } }],
    }));
    const sent = withStage(withStage(crossing, 1, (stage) => ({ ...stage, receives: [...stage.receives, "bias"], sends: [...stage.sends, "bias"] })), 0, (stage) => ({ ...stage, receives: [...stage.receives, "bias"], sends: [...stage.sends, "bias"] }));
    expect(() => verifyShards({ ...sent, inputs: [...sent.inputs, "bias"] }, inferred)).toThrow(/"bias"/);
  });

  it("catches an initializer where it is not used", () => {
    const stray = whole.graph.initializers.find((tensor) => tensor.name === "bias");
    const set = withGraph(threeStages(), 0, (graph) => ({ ...graph, initializers: [...graph.initializers, ...(stray ? [{ kind: "copy" as const, tensor: stray }] : [])] }));
    expect(() => verifyShards(set, inferred)).toThrow('stage 1: initializer "bias" is not used');
  });

  it("catches a weight of another shape", () => {
    const set = withGraph(threeStages(), 0, (graph) => ({
      ...graph, initializers: [{ kind: "new", name: "w1", dtype: "f32", dims: [4, 3], data: { length: 48, pieces: [new Uint8Array(48)] } }],
    }));
    expect(() => verifyShards(set, inferred)).toThrow('initializer "w1" differs from the whole model\'s');
  });

  it("catches shapes that are not the whole's, inferring every shard again", () => {
    const set = withGraph(threeStages(), 2, (graph) => ({
      ...graph, nodes: graph.nodes.map((node) => (node.kind === "copy" && node.node.op === "MatMul" ? { kind: "edit", node: node.node, inputs: ["t", "a"] } : node)),
    }));
    expect(() => verifyShards(set, inferred)).toThrow('stage 3: "y" is f32[6, 6] in the shard and f32[N, N] in the whole');
  });

  it("catches ports that are not the manifest's", () => {
    const set = withGraph(threeStages(), 2, (graph) => ({ ...graph, inputs: [...graph.inputs].reverse() }));
    expect(() => verifyShards(set, inferred)).toThrow("stage 3: its inputs are not those of the manifest");
  });

  it("catches recorded types of intermediate values", () => {
    const set = withGraph(threeStages(), 2, (graph) => ({ ...graph, valueInfo: [{ kind: "new", name: "t", dtype: "f32", dims: [6, null] }] }));
    expect(() => verifyShards(set, inferred)).toThrow("stage 3: it records types of intermediate values");
  });
});
