/**
 * Cuts the models of a program as its placement has them, and says for the plan what each part takes and gives.
 *
 * Before: a lowered program and its placement. After: the parts of every call that is not whole, and the models to write
 * for them; calls of one model that are cut alike share files. A model whose file is no graph that can be cut stays whole.
 */
import type { CheckedModel } from "../../language/check/checked-program.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { dimName, sumOfDims, type Dim } from "../../language/tensor/dim.ts";
import { freeNames } from "../../language/tensor/evaluate-dim.ts";
import { computeCost } from "../onnx/cost/model-cost.ts";
import { viewScope } from "../onnx/cost/value-view.ts";
import { inferShapes, type InferredGraph } from "../onnx/infer/infer-shapes.ts";
import type { ModelGraph } from "../onnx/model-graph.ts";
import { findStructure } from "../onnx/structure.ts";
import type { GraphReader } from "../plan/cluster/describe-pipeline.ts";
import type { LoweredProgram } from "../plan/lowered-program.ts";
import type { CutCalls, CutModel, CutPart } from "../plan/model-parts.ts";
import { isWhole } from "../plan/placement.ts";
import type { CallPlacement, PartPlacement, Placement } from "../plan/placement.ts";
import { batchAxisOf } from "./batch-axis.ts";
import { checkSharing } from "./check-sharing.ts";
import { shardModel } from "./shard-model.ts";
import type { Cuts, ShardStage } from "./shard-set.ts";
import { segmentFiles } from "./write-stage.ts";

/** The models to write for one way of cutting a model. */
export interface ModelShards {
  readonly model: CheckedModel;
  /** Below the folder of `out.js`: "out/shards/vit". */
  readonly folder: string;
  readonly stages: readonly ShardStage[];
  /** Equal where a model is cut in the same way. */
  readonly signature: string;
}

export type CutResult =
  | { readonly ok: true; readonly cuts: CutCalls; readonly placement: Placement; readonly shards: readonly ModelShards[]; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export function cutCalls(program: LoweredProgram, placement: Placement, readGraph: GraphReader): CutResult {
  const made = new Map<string, Cut>();
  const diagnostics: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const cuts: Map<number, CutModel>[] = [];
  const pipelines = placement.pipelines.map((own, index) => {
    const found = new Map<number, CutModel>();
    cuts.push(found);
    const calls = new Map([...own.calls].map(([step, call]) => {
      const model = isWhole(call) ? undefined : modelOfStep(program, index, step);
      if (model === undefined) return [step, call] as const;
      const signature = signatureOf(model, call);
      const known = made.get(signature);
      const graph = known === undefined ? readGraph(model) : undefined;
      if (known === undefined && graph === undefined) return [step, whole(call)] as const;
      const result = known ?? (graph === undefined ? undefined : cutModel(model, graph, call, folderOf(made, model)));
      if (result === undefined) return [step, call] as const;
      if (Array.isArray(result)) diagnostics.push(...result);
      else if ("cut" in result) {
        if (known === undefined) warnings.push(...result.warnings);
        made.set(signature, { ...result, shards: { ...result.shards, signature } });
        found.set(step, result.cut);
      }
      return [step, call] as const;
    }));
    return { ...own, calls };
  });
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  return { ok: true, cuts, placement: { ...placement, pipelines }, shards: [...made.values()].map(({ shards }) => shards), warnings };
}

function modelOfStep(program: LoweredProgram, pipeline: number, id: number): CheckedModel | undefined {
  const step = program.pipelines[pipeline]?.steps[id];
  return step?.kind === "model" ? program.checked.models.find((model) => model.symbol === step.model) : undefined;
}

function signatureOf(model: CheckedModel, call: CallPlacement): string {
  return JSON.stringify([model.symbol, call.parts.map(({ nodesUpTo, degree }) => [nodesUpTo ?? null, degree])]);
}

function whole(call: CallPlacement): CallPlacement {
  const [first] = call.parts;
  return first === undefined ? call : { ...call, parts: [{ ...first, degree: 1, devices: first.devices.map((ranks) => ranks.slice(0, 1)) }] };
}

function folderOf(made: ReadonlyMap<string, Cut>, model: CheckedModel): string {
  const taken = [...made.values()].filter(({ shards }) => shards.model === model).length;
  return `out/shards/${model.name}${taken === 0 ? "" : `-${taken + 1}`}`;
}

interface Cut {
  readonly shards: ModelShards;
  readonly cut: CutModel;
  readonly warnings: readonly Diagnostic[];
}

function cutModel(model: CheckedModel, graph: ModelGraph, call: CallPlacement, folder: string): Cut | readonly Diagnostic[] {
  const inferred = inferShapes(graph);
  const cuts = placedCuts(graph, inferred, call.parts);
  const stages: ShardStage[] = [];
  for (const degree of new Set(call.parts.map((part) => part.degree))) {
    const result = shardModel(graph, { pipeline: call.parts.length, tensor: degree, ...(cuts === undefined ? {} : { cuts }) }, inferred);
    if (!result.ok) return result.diagnostics;
    // Stages cut at the same places receive and send the same, whatever their degree.
    for (const stage of result.set.stages) if (call.parts[stage.index]?.degree === degree) stages[stage.index] = stage;
  }
  const describe = createDescriber(model, graph, folder);
  return { shards: { model, folder, stages, signature: "" }, cut: { parts: stages.map(describe) }, warnings: checkSharing({ model: graph, stages }) };
}

/** Undefined where the sharder is to choose. */
function placedCuts(graph: ModelGraph, inferred: InferredGraph, parts: readonly PartPlacement[]): Cuts | undefined {
  const places = parts.slice(0, -1).map((part) => part.nodesUpTo);
  if (places.length === 0 || places.some((place) => place === undefined)) return undefined;
  const { order } = computeCost(graph, inferred).liveness;
  return places.map((place) => new Set(order.slice(0, place)));
}

const BATCH_NAME = "N";

/** What the plan must know of a stage, in the names of the model's declaration. */
function createDescriber(model: CheckedModel, graph: ModelGraph, folder: string): (stage: ShardStage) => CutPart {
  const { blockOf } = findStructure(graph.graph);
  const inputShapes = new Map(model.inputs.map((input) => [input.port, input.batchAxis === undefined ? input.rowShape : input.rowShape.toSpliced(input.batchAxis, 0, dimName(BATCH_NAME))]));
  const inferred = inferShapes(graph, { inputShapes, declarations: "ignore" });
  const view = viewScope(inferred);
  const given = new Set([...inputShapes.values()].flat().flatMap((dim) => [...freeNames(dim)]).concat(BATCH_NAME));
  const batchAxis = batchAxisOf(graph, inferred, dimName(BATCH_NAME), given);
  return (stage) => {
    const blocks = stage.nodes.flatMap((node) => blockOf.get(node) ?? []);
    const weightBytes = Math.max(...stage.ranks.map((rank) => rank.segments.reduce((sum, segment) => sum + segment.weightBytes, 0)));
    return {
      receives: stage.receives,
      sends: stage.sends,
      ranks: stage.ranks.map((rank, at) => rank.segments.map(({ inputs, outputs }, segment) => ({ file: `${folder}/${segmentFiles(stage, at, segment).model}`, inputs, outputs }))),
      outputs: stage.leaves,
      batchAxes: Object.fromEntries(stage.receives.flatMap((value) => {
        const axis = batchAxis(value);
        return axis === undefined ? [] : [[value, axis] as const];
      })),
      nodes: stage.nodes.length,
      firstBlock: blocks[0] ?? "",
      lastBlock: blocks.at(-1) ?? "",
      weightBytes,
      sendBytes: bytesOf(inferred, stage.sends, (value) => view.operand(value).bytes, given),
    };
  };
}

function bytesOf({ types }: InferredGraph, values: readonly string[], bytes: (value: string) => Dim, given: ReadonlySet<string>): Dim | undefined {
  const isKnown = (value: string): boolean => {
    const type = types.get(value);
    return type?.kind === "tensor" && type.shape !== undefined;
  };
  if (!values.every(isKnown)) return undefined;
  const sum = sumOfDims(values.map(bytes));
  return [...freeNames(sum)].every((name) => given.has(name)) ? sum : undefined;
}
