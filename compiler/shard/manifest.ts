/** The manifest of a cut model: what to run in which order and where every value comes from. Plain JSON, no paths. */
import { printInferredType } from "../onnx/infer/inferred-type.ts";
import type { InferredGraph } from "../onnx/infer/infer-shapes.ts";
import type { ShardSet, ShardStage } from "./shard-set.ts";
import type { ReplicatedWeight, StageCollective } from "./tensor/stage-tensors.ts";
import type { TensorOrigin } from "../../runtime/contract/program.ts";
import { writeRank } from "./write-stage.ts";

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
  /** Nodes of the whole that it computes. */
  readonly nodes: number;
  /** Nodes of other stages that are computed again here. */
  readonly cloned: number;
  /** Of the stage as a whole; ranks hold their shares. */
  readonly weightBytes: number;
  /** What the model is fed. `stage` 0 is the caller. */
  readonly inputs: readonly (PortManifest & { readonly stage: number })[];
  readonly outputs: readonly PortManifest[];
  /** Values that come in and go on unchanged. */
  readonly forwards: readonly string[];
  /** Everything that leaves for the next stage, or for the caller. */
  readonly sends: readonly string[];
  /** Where each value that leaves comes from, as rank 0 sees it. */
  readonly leaves: readonly { readonly value: string; readonly from: TensorOrigin }[];
  /** One rank of one segment, or several ranks that run their segments in lockstep. */
  readonly ranks: readonly RankManifest[];
  /** With several ranks: what crosses between them, and the weights that each holds whole, with the reason. */
  readonly collectives?: readonly StageCollective[];
  readonly replicated?: readonly ReplicatedWeight[];
}

export interface RankManifest {
  readonly rank: number;
  /** The file of its large weights, beside the models, which share it; null if all are inside. */
  readonly weights: string | null;
  readonly weightsBytes: number;
  readonly segments: readonly SegmentManifest[];
}

/** A model file, what it is fed and what it makes. */
export interface SegmentManifest {
  readonly segment: number;
  readonly file: string;
  readonly nodes: number;
  readonly weightBytes: number;
  readonly bytes: number;
  readonly inputs: readonly { readonly port: string; readonly from: TensorOrigin }[];
  readonly outputs: readonly string[];
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
  const received = new Set(stage.receives);
  return {
    stage: stage.index + 1,
    nodes: stage.nodes.length,
    cloned: stage.clones.length,
    weightBytes: stage.weightBytes,
    inputs: stage.inputs.map(({ name, from }) => ({ ...port(name), stage: from.kind === "caller" ? 0 : from.stage + 1 })),
    outputs: stage.outputs.map(port),
    forwards: stage.sends.filter((name) => received.has(name)),
    sends: stage.sends,
    leaves: stage.leaves,
    ranks: stage.ranks.map((_, rank) => rankManifest(stage, rank)),
    ...(stage.tensors ? { collectives: stage.tensors.collectives, replicated: stage.tensors.replicated } : {}),
  };
}

function rankManifest(stage: ShardStage, rank: number): RankManifest {
  const { segments, weights } = writeRank(stage, rank);
  return {
    rank,
    weights: weights?.file ?? null,
    weightsBytes: weights?.data.length ?? 0,
    segments: (stage.ranks[rank]?.segments ?? []).map(({ nodes, weightBytes, inputs, outputs }, segment) => ({
      segment, file: segments[segment]?.file ?? "", nodes, weightBytes, bytes: segments[segment]?.model.length ?? 0, inputs, outputs,
    })),
  };
}
