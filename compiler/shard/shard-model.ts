/**
 * Cuts a model for `pipeline` stages of `tensor` ranks each: stages first, then the tensors within each stage.
 *
 * Before: a read model, its inferred types, and cuts if the caller has them. After: a `ShardSet` that has been checked,
 * or what is wrong.
 */
import { shardCodes } from "../../language/diagnostics/codes/shard.ts";
import { inferShapes, type InferredGraph } from "../onnx/infer/infer-shapes.ts";
import { reportInModel } from "../onnx/model-diagnostics.ts";
import type { ModelGraph } from "../onnx/model-graph.ts";
import { chooseCuts, stagesMax } from "./choose-cuts.ts";
import { indexGraph } from "./graph-index.ts";
import { shardPipeline, type ShardResult } from "./shard-pipeline.ts";
import type { Cuts } from "./shard-set.ts";
import { modelFacts } from "./tensor/part-graph.ts";
import { verifyTensors } from "./tensor/verify-tensors.ts";
import { shardTensors } from "./tensor/shard-tensors.ts";

export interface ShardOptions {
  readonly pipeline: number;
  readonly tensor: number;
  /** Where to cut into stages; by default between blocks, so that the heaviest stage is light. */
  readonly cuts?: Cuts;
}

export function shardModel(model: ModelGraph, options: ShardOptions, inferred: InferredGraph = inferShapes(model)): ShardResult {
  const cuts = options.cuts ?? chooseCuts(model, inferred, options.pipeline);
  if (!cuts) {
    return { ok: false, diagnostics: [reportInModel(shardCodes.tooFewPlaces, { file: model.files.name, stages: options.pipeline, most: stagesMax(model, inferred) })] };
  }
  const cut = shardPipeline(model, cuts, inferred);
  if (!cut.ok || options.tensor === 1) return cut;
  const facts = modelFacts(indexGraph(model, inferred));
  const set = { ...cut.set, stages: cut.set.stages.map((stage) => shardTensors(facts, stage, options.tensor, cut.set.stages.length)) };
  for (const stage of set.stages) verifyTensors(facts, stage);
  return { ok: true, set };
}
