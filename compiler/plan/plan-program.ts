/**
 * The plan of the program that is emitted: a stage for each model or part of one (parts that are placed together share
 * one), everything that runs on CPUs fused between forks, joins and models; batch, replicas, threads and devices from
 * the placement, else from settings or fixed defaults.
 *
 * Before: a lowered program, split where its placement cuts models. After: a plan that `verifyPlan` accepts.
 */
import { sizeLimitsOf } from "../../language/check/bytes-max.ts";
import { planCapacities } from "./plan-capacities.ts";
import { chunkBudgetOf } from "./chunk-bytes.ts";
import { chunkRowsOf, groupChunksOf } from "./chunk-size.ts";
import type { ModelRows } from "./chunk-size.ts";
import { noFacts } from "./columns.ts";
import type { RowFacts } from "./columns.ts";
import { groupSteps, isOrdered, kindOf } from "./group-steps.ts";
import { inputsOf } from "./lowered-program.ts";
import type { LoweredPipeline, LoweredProgram, Step } from "./lowered-program.ts";
import type { Range } from "./placement.ts";
import type { EdgePlan, ModelPlan, PipelinePlan, Plan, SinkPlan, StagePlan } from "./plan.ts";
import { isModel, isSpread, partOf, planModel } from "./plan-model.ts";
import type { ModelCall } from "./plan-model.ts";
import { valueBytesMax } from "./value-bytes.ts";
import { constantSetting, countOf, countSetting, numberSetting, rangeOf } from "./settings.ts";

/** Workers of a stage that says "auto" or nothing: maps, and models on CPUs. */
const DEFAULT_WORKERS = 2;
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
  const least = stages.map(withStartAsMost);
  const tries = [stages, least, least.map(sharingWeights)].map((tried) => ({ stages: tried, ...planCapacities({ ...input, stages: tried }) }));
  const chosen = tries.find(({ memory }) => memory.boundBytes <= memoryBytes) ?? tries[2];
  if (chosen === undefined) throw new Error("nothing was tried");
  return { name: pipeline.name, chunkRows, ...(chunkBytes === undefined ? {} : { chunkBytes }), groupChunks: groupChunksOf(pipeline, chunkRows), sinks, ...chosen };
}

function withStartAsMost({ replicasMin, replicasMax, ...stage }: StagePlan): StagePlan {
  return replicasMax === undefined ? stage : { ...stage, ...limits({ low: replicasMin ?? stage.replicas, high: stage.replicas }) };
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

function planStage(program: LoweredProgram, pipeline: LoweredPipeline, facts: RowFacts, steps: readonly Step[], id: number): StagePlan {
  const [first] = steps;
  if (first === undefined) throw new Error("a stage without steps");
  const base = {
    id,
    label: steps.length === 1 ? first.name : `${first.name} … ${steps.at(-1)?.name}`,
    kind: kindOf(first),
    steps: steps.map((step) => step.id),
    stepNames: steps.map((step) => step.name),
    ordered: steps.some(isOrdered),
  };
  const calls = steps.filter(isModel);
  const [call] = calls;
  if (call === undefined) return { ...base, ...planWorkers(pipeline, steps, first, base.ordered) };
  const models = calls.map((own) => planModel(program, pipeline, facts, own));
  return { ...base, ...planReplicas(call, models, isSpread(program, calls, models)), models };
}

type Replicas = Pick<StagePlan, "replicas" | "replicasMin" | "replicasMax" | "replicasOfAll" | "concurrency" | "devices">;

/** Of a stage of models. */
function planReplicas(call: ModelCall, models: readonly ModelPlan[], spread: boolean): Replicas {
  const part = partOf(call);
  const alike = new Set(part?.devices.map((ranks) => ranks.join())).size <= 1;
  const range = models.every(({ device, part: own }) => device === "cpu" && (own?.ranks.length ?? 1) === 1) ? part?.range : undefined;
  return {
    replicas: part?.replicas ?? (spread ? DEFAULT_WORKERS : replicasOf(call)),
    ...total(part?.replicasOfAll),
    ...limits(range),
    concurrency: 1,
    ...(part === undefined || alike ? {} : { devices: part.devices }),
  };
}

/** Of a stage of maps, or of a source. */
function planWorkers(pipeline: LoweredPipeline, steps: readonly Step[], first: Step, ordered: boolean): Replicas {
  const isLight = steps.every((step) => step.kind === "zip" || step.kind === "filter" || step.kind === "sample");
  const workers = steps.map((step) => countSetting(step.settings, "workers")).find((count) => count !== undefined) ?? first.workers?.here;
  const replicas = ordered ? 1 : (workers ?? (isLight || followsModel(pipeline, first) ? 1 : DEFAULT_WORKERS));
  const range = ordered ? undefined : rangeOfWorkers(steps, replicas, first.workers?.most);
  return { replicas, ...total(first.workers?.ofAll), ...limits(range), concurrency: steps.some((step) => step.kind === "map") ? MAP_CONCURRENCY : 1 };
}

function total(replicasOfAll: number | undefined): { readonly replicasOfAll?: number } {
  return replicasOfAll === undefined ? {} : { replicasOfAll };
}

function limits(range: Range | undefined): { readonly replicasMin?: number; readonly replicasMax?: number } {
  return range === undefined || range.low === range.high ? {} : { replicasMin: range.low, replicasMax: range.high };
}

/** `workers: 2..8` says so itself; `"auto"`, and what a plan for hardware gives, leave it to the run. */
function rangeOfWorkers(steps: readonly Step[], replicas: number, plannedMost: number | undefined): Range | undefined {
  const setting = steps.map((step) => constantSetting(step.settings, "workers")).find((value) => value !== undefined);
  const stated = rangeOf(setting);
  if (stated !== undefined) return stated;
  if (setting !== undefined && setting.kind !== "string") return undefined;
  if (plannedMost !== undefined) return { low: 1, high: Math.max(replicas, plannedMost) };
  return setting === undefined ? undefined : { low: 1, high: Math.max(replicas, AUTO_WORKERS_MAX) };
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
