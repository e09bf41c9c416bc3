/** The manifest of a cut model: what to run in which order and where every value comes from. Plain JSON, no paths. */
import { printInferredType } from "../onnx/infer/inferred-type.ts";
import type { InferredGraph } from "../onnx/infer/infer-shapes.ts";
import type { ShardSet, ShardStage } from "./shard-set.ts";
import { stageFiles, writeStage } from "./write-stage.ts";

export interface ShardManifest {
  /** The whole model's file name. */
  readonly model: string;
  readonly stages: readonly StageManifest[];
  readonly inputs: readonly PortManifest[];
  /** Outputs of the whole, and the stage that makes each (from 1; 0: it is an input passed through). */
  readonly outputs: readonly (PortManifest & { readonly stage: number })[];
}

export interface StageManifest {
  /** From 1. */
  readonly stage: number;
  readonly file: string;
  /** The file of its large weights, beside it; null if all are inside. */
  readonly weights: string | null;
  readonly nodes: number;
  /** Nodes of other stages that are computed again here. */
  readonly cloned: number;
  readonly weightBytes: number;
  readonly bytes: number;
  /** What the model is fed. `stage` 0 is the caller. */
  readonly inputs: readonly (PortManifest & { readonly stage: number })[];
  readonly outputs: readonly PortManifest[];
  /** Values that come in and go on unchanged. */
  readonly forwards: readonly string[];
  /** Everything that leaves for the next stage, or for the caller. */
  readonly sends: readonly string[];
}

export interface PortManifest {
  readonly name: string;
  /** As in "f32[batch, 1000]". */
  readonly type: string;
}

export function shardManifest(set: ShardSet, inferred: InferredGraph): ShardManifest {
  const port = (name: string): PortManifest => {
    const type = inferred.types.get(name);
    return { name, type: type ? printInferredType(type) : "?" };
  };
  return {
    model: set.model.files.name,
    stages: set.stages.map((stage) => stageManifest(stage, port)),
    inputs: set.inputs.map(port),
    outputs: set.outputs.map((name) => ({ ...port(name), stage: makerOf(set, name) })),
  };
}

/** The last stage that makes a value (a light one may be made again at the end); 0 if none does. */
function makerOf(set: ShardSet, name: string): number {
  return set.stages.findLastIndex((stage) => stage.outputs.includes(name)) + 1;
}

function stageManifest(stage: ShardStage, port: (name: string) => PortManifest): StageManifest {
  const { model, external } = writeStage(stage);
  const files = stageFiles(stage);
  const received = new Set(stage.receives);
  return {
    stage: stage.index + 1,
    file: files.model,
    weights: external.length > 0 ? files.weights : null,
    nodes: stage.nodes.length,
    cloned: stage.clones.length,
    weightBytes: stage.weightBytes,
    bytes: model.length + external.length,
    inputs: stage.inputs.map(({ name, from }) => ({ ...port(name), stage: from.kind === "caller" ? 0 : from.stage + 1 })),
    outputs: stage.outputs.map(port),
    forwards: stage.sends.filter((name) => received.has(name)),
    sends: stage.sends,
  };
}
