/**
 * The plan of the program that is emitted: a stage for each model or part of one (parts that are placed together share
 * one), everything that runs on CPUs fused between forks, joins and models; batch, replicas, threads and devices from
 * the placement, else from settings or fixed defaults.
 *
 * Before: a lowered program, split where its placement cuts models. After: a plan that `verifyPlan` accepts.
 */
import { sizeLimitsOf } from "../../language/check/bytes-max.ts";
import type { RecordField } from "../../language/catalog/value-type.ts";
import type { Dim } from "../../language/tensor/dim.ts";
import { planCapacities } from "./plan-capacities.ts";
import { chunkBudgetOf } from "./chunk-bytes.ts";
import { chunkRowsOf, groupChunksOf } from "./chunk-size.ts";
import type { ModelRows } from "./chunk-size.ts";
import { noFacts } from "./columns.ts";
import type { RowFacts } from "./columns.ts";
import { inputsOf } from "./lowered-program.ts";
import { activationBytesMax, bytesAtMost } from "./model-memory.ts";
import type { LoweredPipeline, LoweredProgram, ModelPartStep, ModelStep, Step } from "./lowered-program.ts";
import type { PartPlacement, Range } from "./placement.ts";
import type { EdgePlan, ModelPlan, PartPlan, PipelinePlan, Plan, SinkPlan, StagePlan } from "./plan.ts";
import { valueBytesMax } from "./value-bytes.ts";
import { constantSetting, countOf, countSetting, numberSetting, rangeOf, stringSetting } from "./settings.ts";

type ModelCall = Step & (ModelStep | ModelPartStep);

/** Rows of a model call where the program does not say: large enough to amortise a call on CPUs, small in memory. */
const DEFAULT_BATCH = 8;
/** Part of what decides output bytes, so not the machine's number of cores. */
const DEFAULT_INTRA_OP_THREADS = 2;
/** Workers of a stage that says "auto" or nothing: maps, and models on CPUs. */
const DEFAULT_WORKERS = 2;
/**
 * Where the program leaves replicas and threads of a model on CPUs open, calls have one thread, and there are more workers:
 * threads of one call wait for one another, workers do not. Not where weights would take too much memory, and small
 * models gain nothing from a second worker.
 */
const SPREAD_WEIGHT_BYTES = { low: 4 * 2 ** 20, high: 2 ** 30 };
/** How many of them a run may come to where the program says "auto". */
const AUTO_WORKERS_MAX = 8;
/** Calls under way at once in one worker's map: hides the waiting of operators that work on other threads. */
const MAP_CONCURRENCY = 4;

/** `memoryBytes`: of the machine, where the program states one; workers share weights if they do not fit it otherwise. */
export function planProgram(program: LoweredProgram, memoryBytes = Infinity): Plan {
  return { phase: "planned", pipelines: program.pipelines.map((pipeline) => planPipeline(program, pipeline, Math.min(memoryBytes, numberSetting(pipeline.settings, "memory") ?? Infinity))) };
}

function planPipeline(program: LoweredProgram, pipeline: LoweredPipeline, memoryBytes: number): PipelinePlan {
  const groups = groupSteps(pipeline);
  const facts = factsOf(program, pipeline);
  const stages = groups.map((steps, id) => planStage(program, pipeline, facts, steps, id));
  const sinks = pipeline.writes.map(({ step, write }, id): SinkPlan => ({ id, label: `${write.sink} ${id + 1}`, step }));
  const ends = edgeEnds(pipeline, stages, sinks);
  const chunkRows = chunkRowsOf(pipeline, stages.flatMap((stage) => modelRows(program, stage)), facts);
  const chunkBytes = chunkBudgetOf(pipeline, chunkRows, facts);
  const valueBytes = ({ steps }: StagePlan): number => valueBytesMax(program, steps.flatMap((id) => pipeline.steps[id] ?? []), facts);
  const input = { pipeline, ends, sinks, chunkRows, chunkBytes, facts, memoryBytes, valueBytes };
  // What does not fit is tried with less: no more workers than at the start, then one copy of weights for all of a stage.
  const fixed = stages.map(withFixedReplicas);
  const tries = [stages, fixed, fixed.map(sharingWeights)].map((tried) => ({ stages: tried, ...planCapacities({ ...input, stages: tried }) }));
  const chosen = tries.find(({ memory }) => memory.boundBytes <= memoryBytes) ?? tries[2];
  if (chosen === undefined) throw new Error("nothing was tried");
  return { name: pipeline.name, chunkRows, ...(chunkBytes === undefined ? {} : { chunkBytes }), groupChunks: groupChunksOf(pipeline, chunkRows), sinks, ...chosen };
}

function withFixedReplicas({ replicasMin: _min, replicasMax: _max, ...stage }: StagePlan): StagePlan {
  return stage;
}

/** The stage with one copy of its weights for all its workers; the stage itself where it has none to share. */
function sharingWeights(stage: StagePlan): StagePlan {
  const onCpu = (model: ModelPlan): boolean => model.weightBytes > 0 && (model.part?.ranks ?? [model]).every(({ device }) => device === "cpu");
  if (stage.models === undefined || stage.replicas === 1 || !stage.models.some(onCpu)) return stage;
  return { ...stage, models: stage.models.map((model) => (onCpu(model) ? { ...model, shareWeights: true, ...(model.part === undefined ? { file: `out/shards/${model.name}-whole/stage-1.onnx` } : {}) } : model)) };
}

function modelRows(program: LoweredProgram, { models = [] }: StagePlan): readonly ModelRows[] {
  return models.map(({ name, batch, weightBytes }) => {
    const declared = program.checked.models.find((candidate) => candidate.name === name);
    return { batch, weightBytes, isBucketed: Object.keys(declared?.pad ?? {}).length > 0 };
  });
}

/** What bounds the bytes of a pipeline's rows. */
export function factsOf(program: LoweredProgram, pipeline: LoweredPipeline): RowFacts {
  const checked = program.checked.pipelines.find((candidate) => candidate.name === pipeline.name);
  return { dims: checked?.dims ?? noFacts.dims, limits: sizeLimitsOf(pipeline.settings) };
}

/** Runs of steps that share a stage, in topological order. */
function groupSteps(pipeline: LoweredPipeline): readonly (readonly Step[])[] {
  const readers = countReaders(pipeline);
  const groups: Step[][] = [];
  const groupEndingIn = new Map<number, Step[]>();
  for (const step of pipeline.steps) {
    const [input, another] = inputsOf(step);
    const before = input === undefined || another !== undefined ? undefined : groupEndingIn.get(input);
    const last = before?.at(-1);
    if (before !== undefined && last !== undefined && readers.get(last.id) === 1 && mayJoin(before, last, step)) {
      groupEndingIn.delete(last.id);
      before.push(step);
      groupEndingIn.set(step.id, before);
    } else {
      const group = [step];
      groups.push(group);
      groupEndingIn.set(step.id, group);
    }
  }
  return groups;
}

/** How many steps and sinks read each step's rows. */
function countReaders(pipeline: LoweredPipeline): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const readers = [...pipeline.steps.flatMap(inputsOf), ...pipeline.writes.map((write) => write.step)];
  for (const id of readers) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** A stage of maps goes on unless the step must run elsewhere, must see all rows in order, or asks for other workers. */
function mayJoin(group: readonly Step[], last: Step, step: Step): boolean {
  if (isModel(last) && isModel(step)) return stageName(last) !== undefined && stageName(last) === stageName(step);
  if (kindOf(last) !== "cpu" || kindOf(step) !== "cpu") return false;
  if (isOrdered(last) !== isOrdered(step)) return false;
  return step.settings["workers"] === undefined || !group.some((earlier) => earlier.settings["workers"] !== undefined);
}

function kindOf(step: Step): StagePlan["kind"] {
  return step.kind === "read" ? "source" : isModel(step) ? "model" : "cpu";
}

function isModel(step: Step): step is ModelCall {
  return step.kind === "model" || step.kind === "modelPart";
}

function stageName(step: ModelCall): string | undefined {
  return partOf(step)?.stage;
}

function partOf(step: ModelCall): PartPlacement | undefined {
  return step.placed?.parts[step.kind === "modelPart" ? step.index : 0];
}

/** Steps whose result depends on the rows before. */
function isOrdered(step: Step): boolean {
  return step.kind === "limit" || step.kind === "dedupe" || step.kind === "read";
}

function planStage(program: LoweredProgram, pipeline: LoweredPipeline, facts: RowFacts, steps: readonly Step[], id: number): StagePlan {
  const [first] = steps;
  if (first === undefined) throw new Error("a stage without steps");
  const ordered = steps.some(isOrdered);
  const kind = kindOf(first);
  const base = {
    id,
    label: steps.length === 1 ? first.name : `${first.name} … ${steps.at(-1)?.name}`,
    kind,
    steps: steps.map((step) => step.id),
    stepNames: steps.map((step) => step.name),
    ordered,
  };
  if (isModel(first)) {
    const models = steps.flatMap((step) => (isModel(step) ? [planModel(program, pipeline, facts, step)] : []));
    const part = partOf(first);
    const alike = new Set(part?.devices.map((ranks) => ranks.join())).size <= 1;
    const range = models.every(({ device, part: own }) => device === "cpu" && (own?.ranks.length ?? 1) === 1) ? part?.range : undefined;
    const isSpread = steps.every((step) => isModel(step) && mayBeSpread(program, step)) && models.some(({ weightBytes }) => weightBytes >= SPREAD_WEIGHT_BYTES.low);
    return { ...base, replicas: part?.replicas ?? (isSpread ? DEFAULT_WORKERS : replicasOf(first)), ...total(part?.replicasOfAll), ...limits(range), concurrency: 1, ...(part === undefined || alike ? {} : { devices: part.devices }), models };
  }
  const isLight = steps.every((step) => step.kind === "zip" || step.kind === "filter" || step.kind === "sample");
  const workers = steps.map((step) => countSetting(step.settings, "workers")).find((count) => count !== undefined) ?? first.workers?.here;
  const replicas = ordered ? 1 : (workers ?? (isLight || followsModel(pipeline, first) ? 1 : DEFAULT_WORKERS));
  const range = ordered ? undefined : rangeOfWorkers(steps, replicas, first.workers?.here);
  return { ...base, replicas, ...total(first.workers?.ofAll), ...limits(range), concurrency: steps.some((step) => step.kind === "map") ? MAP_CONCURRENCY : 1 };
}

function total(replicasOfAll: number | undefined): { readonly replicasOfAll?: number } {
  return replicasOfAll === undefined ? {} : { replicasOfAll };
}

function limits(range: Range | undefined): { readonly replicasMin?: number; readonly replicasMax?: number } {
  return range === undefined || range.low === range.high ? {} : { replicasMin: range.low, replicasMax: range.high };
}

/** `workers: 2..8` says so itself; `"auto"`, and what a plan for hardware gives, leave it to the run. */
function rangeOfWorkers(steps: readonly Step[], replicas: number, planned: number | undefined): Range | undefined {
  const setting = steps.map((step) => constantSetting(step.settings, "workers")).find((value) => value !== undefined);
  const stated = rangeOf(setting);
  if (stated !== undefined) return stated;
  if (setting !== undefined && setting.kind !== "string") return undefined;
  return planned !== undefined ? { low: 1, high: replicas } : setting === undefined ? undefined : { low: 1, high: Math.max(replicas, AUTO_WORKERS_MAX) };
}

/** What is left to do after a model (an argmax, a decode) is small beside it. */
function followsModel(pipeline: LoweredPipeline, step: Step): boolean {
  return inputsOf(step).some((input) => kindOf(pipeline.steps[input] ?? step) === "model");
}

/** Where nothing was placed; `replicas` may be a list, by stage. */
function replicasOf(step: Step): number {
  const setting = constantSetting(step.settings, "replicas");
  return countOf(setting?.kind === "list" ? setting.items[0] : setting) ?? 1;
}

/** Whether nothing says how many workers and threads a model on the CPU has, and its weights may be loaded more than once. */
function mayBeSpread(program: LoweredProgram, step: ModelCall): boolean {
  const model = program.checked.models.find((candidate) => candidate.symbol === step.model);
  const part = partOf(step);
  const onCpu = (part?.devices.flat() ?? [stringSetting(step.settings, "device") ?? "cpu"]).every((device) => device === "cpu");
  const isOpen = step.placed?.threads === undefined && part?.replicas === undefined && part?.range === undefined && step.settings["threads"] === undefined;
  return step.kind === "model" && onCpu && isOpen && (model?.weightBytes ?? Infinity) <= SPREAD_WEIGHT_BYTES.high;
}

function planModel(program: LoweredProgram, pipeline: LoweredPipeline, facts: RowFacts, step: ModelCall): ModelPlan {
  const { settings, placed } = step;
  const model = program.checked.models.find((candidate) => candidate.symbol === step.model);
  if (model === undefined) throw new Error(`model ${step.model} is not in the program`);
  const wanted = numberSetting(settings, "batch") ?? numberSetting(model.settings, "batch") ?? placed?.batch ?? DEFAULT_BATCH;
  const batch = model.batched ? (model.fixedBatch ?? wanted) : 1;
  const optimize = constantSetting(model.settings, "optimize");
  const fields = rowsOfCall(pipeline, step);
  const activationBytes = activationBytesMax(model, step, fields, facts, batch);
  const sendBytes = (bytes: Dim): number | undefined => {
    const rows = model.fixedBatch ?? 1;
    return bytesAtMost(bytes, model, step, fields, facts, rows);
  };
  return {
    step: step.id,
    name: model.name,
    batch,
    device: partOf(step)?.devices[0]?.[0] ?? stringSetting(settings, "device") ?? stringSetting(model.settings, "device") ?? "cpu",
    intraOpThreads: numberSetting(settings, "threads") ?? placed?.threads ?? (mayBeSpread(program, step) ? 1 : DEFAULT_INTRA_OP_THREADS),
    optimize: optimize?.kind !== "bool" || optimize.value,
    shareWeights: false,
    weightBytes: step.kind === "modelPart" ? step.part.weightBytes : (model.weightBytes ?? 0),
    ...(activationBytes === undefined ? {} : { activationBytes }),
    ...(step.kind === "modelPart" ? { part: planPart(step, sendBytes) } : {}),
  };
}

/** The fields of the rows that the model's inputs come from: of a cut model, those that come to its first part. */
function rowsOfCall(pipeline: LoweredPipeline, step: ModelCall): readonly RecordField[] {
  const first = step.kind === "model" ? step : pipeline.steps.find((other) => other.kind === "modelPart" && other.call === step.call && other.index === 0);
  const input = first === undefined ? undefined : inputsOf(first)[0];
  return pipeline.steps[input ?? -1]?.row.fields ?? [];
}

function planPart({ part, index, placed }: ModelPartStep, atMost: (bytes: Dim) => number | undefined): PartPlan {
  const { nodes, firstBlock, lastBlock, receives, sends, outputs, batchAxes, sendBytes } = part;
  const devices = placed.parts[index]?.devices[0] ?? [];
  const ranks = part.ranks.map((segments, rank) => ({ device: devices[rank] ?? "cpu", segments }));
  const bytes = sendBytes && atMost(sendBytes);
  const isLast = index === placed.parts.length - 1;
  return { index, count: placed.parts.length, nodes, firstBlock, lastBlock, receives, sends, ranks, outputs, batchAxes, ...(isLast || bytes === undefined ? {} : { sendBytesPerRow: bytes }) };
}

export type EdgeEnds = Pick<EdgePlan, "id" | "fromStage" | "fromStep" | "to">;

function edgeEnds(pipeline: LoweredPipeline, stages: readonly StagePlan[], sinks: readonly SinkPlan[]): readonly EdgeEnds[] {
  const stageOf = new Map(stages.flatMap((stage) => stage.steps.map((step) => [step, stage.id] as const)));
  const ends: Omit<EdgeEnds, "id">[] = [];
  for (const step of pipeline.steps) {
    const stage = stageOf.get(step.id) ?? 0;
    for (const fromStep of inputsOf(step)) {
      const fromStage = stageOf.get(fromStep) ?? 0;
      if (fromStage !== stage) ends.push({ fromStage, fromStep, to: { kind: "stage", stage } });
    }
  }
  for (const sink of sinks) ends.push({ fromStage: stageOf.get(sink.step) ?? 0, fromStep: sink.step, to: { kind: "sink", sink: sink.id } });
  return ends.map((end, id) => ({ id, ...end }));
}
