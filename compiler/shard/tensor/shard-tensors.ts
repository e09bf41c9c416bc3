/**
 * Lays the tensors of a stage across ranks. Before: a stage as pipeline sharding made it. After: the same stage with the
 * segments of every rank, and the record of what lies where.
 */
import type { TensorOrigin } from "../../../runtime/contract/program.ts";
import type { ShardStage } from "../shard-set.ts";
import { buildRank } from "./build-ranks.ts";
import { chooseLayout, type Layout } from "./choose-layout.ts";
import { cutSegments } from "./cut-segments.ts";
import { partGraph, type ModelFacts, type PartGraph } from "./part-graph.ts";
import { shareName, type RankGraph } from "./rank-graph.ts";
import { replicatedWeights } from "./replicated-weights.ts";
import type { StageCollective, StageTensors } from "./stage-tensors.ts";

/** `stages` is how many there are, for the models' metadata. */
export function shardTensors(facts: ModelFacts, stage: ShardStage, count: number, stages: number): ShardStage {
  const part = partGraph(facts, stage);
  const layout = chooseLayout(part, count);
  const { graph } = facts.index.model;
  const taken = new Set([...facts.index.inferred.types.keys(), ...graph.initializers.map((tensor) => tensor.name)]);
  const graphs = Array.from({ length: count }, (_, rank) => buildRank({ part, layout, count, rank, taken }));
  const ranks = graphs.map((own, rank) => ({ segments: cutSegments(part, own, count, `stage ${stage.index + 1} of ${stages}, rank ${rank + 1} of ${count}`) }));
  const [first] = graphs;
  if (!first) throw new RangeError("tensors lie across at least one rank");
  const received = new Set(stage.receives);
  const leaves = stage.sends.map((value): { value: string; from: TensorOrigin } => {
    const segment = first.madeIn.get(value) ?? 0;
    return { value, from: received.has(value) ? { kind: "stage", value } : { kind: "self", segment, port: value } };
  });
  return { ...stage, ranks, leaves, tensors: describeTensors(part, layout, count, { first, segments: ranks[0]?.segments ?? [], taken }) };
}

interface FirstRank {
  readonly first: RankGraph;
  readonly segments: ShardStage["ranks"][number]["segments"];
  readonly taken: ReadonlySet<string>;
}

function describeTensors(part: PartGraph, layout: Layout, count: number, { first, segments, taken }: FirstRank): StageTensors {
  const whole = new Set(segments.flatMap(({ draft }) => draft.graph.initializers.flatMap((tensor) => (tensor.kind === "copy" ? [tensor.tensor.name] : []))));
  const collectives = [...first.collected].map(([value, { state, segment, user }]): StageCollective => {
    const producer = part.index.producer.get(value);
    const block = producer ? part.blockOf(producer) : "";
    const bytes = part.index.nominalBytes(value);
    return state.kind === "shard" ? { value, op: "concat", axis: state.axis, segment, block, user, bytes } : { value, op: "sum", segment, block, user, bytes };
  });
  return {
    count, collectives,
    states: layout.states,
    namesOf: new Map([...layout.states].map(([value, state]) => [value, new Set([shareName(taken, value, state)])])),
    used: new Map([...layout.options].map(([node, option]) => [node, option.inputs])),
    replicated: replicatedWeights(part, layout, count, whole),
    sliced: [...first.sliced].map(([name, { weight, state }]) => ({ weight, name, state })),
  };
}
