/** Runs models whose tensors lie across ranks, in memory and one rank after the other. */
import { compareTensors, type Difference } from "../../compiler/cli/shards/compare-values.ts";
import { inferShapes, type InferredGraph } from "../../compiler/onnx/infer/infer-shapes.ts";
import type { ModelGraph } from "../../compiler/onnx/model-graph.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";
import { writeModel } from "../../compiler/onnx/write-model.ts";
import { shakenModel } from "../../compiler/shard/shaken-model.ts";
import { shardModel } from "../../compiler/shard/shard-model.ts";
import type { ShardSegment, ShardSet, ShardStage } from "../../compiler/shard/shard-set.ts";
import { writeSegment } from "../../compiler/shard/write-stage.ts";
import { runBytes, type Values } from "./shard-trial.ts";

/** A model cut so; it must be possible. */
export function rankSoundly(model: ModelGraph, pipeline: number, tensor: number, inferred: InferredGraph = inferShapes(model)): ShardSet {
  const result = shardModel(model, { pipeline, tensor }, inferred);
  if (!result.ok) throw new Error(result.diagnostics.map((diagnostic) => diagnostic.message).join("; "));
  return result.set;
}

/** The outputs of all stages run in turn; what is not passed on is missed. */
export async function runRanks(set: ShardSet, feeds: Values): Promise<Values> {
  let arriving = feeds;
  for (const stage of set.stages) arriving = await runStage(stage, arriving);
  return arriving;
}

async function runStage(stage: ShardStage, arriving: Values): Promise<Values> {
  const made: Values[][] = stage.ranks.map(() => []);
  const find = (rank: number, from: ShardSegment["inputs"][number]["from"]): Values[string] => {
    const found = from.kind === "stage" ? arriving[from.value] : made[from.kind === "peer" ? from.rank : rank]?.[from.segment]?.[from.port];
    if (!found) throw new Error(`${JSON.stringify(from)} is not there`);
    return found;
  };
  for (const segment of stage.ranks[0]?.segments.keys() ?? []) {
    for (const [rank, { segments }] of stage.ranks.entries()) {
      const inputs = segments[segment]?.inputs ?? [];
      const feeds = Object.fromEntries(inputs.map(({ port, from }) => [port, find(rank, from)]));
      made[rank]?.push(await runBytes(ropeBytes(writeSegment(stage, rank, segment).model), feeds));
    }
  }
  return Object.fromEntries(stage.leaves.map(({ value, from }) => [value, find(0, from)]));
}

/** Output by output. */
export function differences(whole: Values, sharded: Values, rounding?: ReadonlyMap<string, number>): ReadonlyMap<string, Difference> {
  return new Map(Object.keys(whole).map((name) => [name, compareTensors(whole[name], sharded[name], rounding?.get(name))]));
}

/** How far the outputs of the whole model move when its weights are shaken. */
export async function roundingOf(model: ModelGraph, inferred: InferredGraph, feeds: Values, whole: Values): Promise<ReadonlyMap<string, number>> {
  const shaken = await runBytes(ropeBytes(writeModel(shakenModel(model, inferred, 1)).model), feeds);
  return new Map([...differences(whole, shaken)].map(([name, { maxAbs }]) => [name, maxAbs]));
}

/** The outputs that are further apart than rounding explains: at all, or as it was measured. */
export function beyondTolerance(whole: Values, sharded: Values, rounding?: ReadonlyMap<string, number>): readonly string[] {
  return [...differences(whole, sharded, rounding)].flatMap(([name, { within }]) => (within ? [] : [name]));
}

/** The set with one segment of one rank changed. */
export function withSegment(set: ShardSet, stage: number, rank: number, segment: number, change: (segment: ShardSegment) => ShardSegment): ShardSet {
  return {
    ...set,
    stages: set.stages.map((own, s) => (s !== stage ? own : {
      ...own, ranks: own.ranks.map((of, r) => (r !== rank ? of : { segments: of.segments.map((each, k) => (k === segment ? change(each) : each)) })),
    })),
  };
}
