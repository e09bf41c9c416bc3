/**
 * The first, straightforward plan: one stage per model, everything that runs on CPUs fused between forks, joins and
 * models; batch, replicas and threads from settings or fixed defaults.
 *
 * Before: a lowered program. After: a plan that `verifyPlan` accepts. Depends on nothing but the program.
 */
import { sizeLimitsOf } from "../../language/check/bytes-max.ts";
import type { RecordField } from "../../language/catalog/value-type.ts";
import { planCapacities } from "./plan-capacities.ts";
import { chunkRowsOf, groupChunksOf } from "./chunk-size.ts";
import type { ModelRows } from "./chunk-size.ts";
import { noFacts } from "./columns.ts";
import type { RowFacts } from "./columns.ts";
import { inputsOf } from "./lowered-program.ts";
import { activationBytesMax } from "./model-memory.ts";
import type { LoweredPipeline, LoweredProgram, ModelStep, Step } from "./lowered-program.ts";
import type { EdgePlan, ModelPlan, PipelinePlan, Plan, SinkPlan, StagePlan } from "./plan.ts";
import { countOf, constantSetting, countSetting, numberSetting, stringSetting } from "./settings.ts";

/** Rows of a model call where the program does not say: large enough to amortise a call on CPUs, small in memory. */
const DEFAULT_BATCH = 8;
/** Part of what decides output bytes, so not the machine's number of cores. */
const DEFAULT_INTRA_OP_THREADS = 2;
/** Workers of a stage of maps that says "auto" or nothing. */
const DEFAULT_WORKERS = 2;
/** Calls under way at once in one worker's map: hides the waiting of operators that work on other threads. */
const MAP_CONCURRENCY = 4;

/** `batches`: what the plan for the program's hardware chose for model steps that leave it open, by pipeline and stage. */
export function planProgram(program: LoweredProgram, batches: ReadonlyMap<string, ReadonlyMap<number, number>> = new Map()): Plan {
  return { phase: "planned", pipelines: program.pipelines.map((pipeline) => planPipeline(program, pipeline, batches.get(pipeline.name) ?? new Map())) };
}

function planPipeline(program: LoweredProgram, pipeline: LoweredPipeline, batches: ReadonlyMap<number, number>): PipelinePlan {
  const groups = groupSteps(pipeline);
  const facts = factsOf(program, pipeline);
  const stages = groups.map((steps, id) => planStage(program, pipeline, facts, steps, id, batches.get(id)));
  const sinks = pipeline.writes.map(({ step, write }, id): SinkPlan => ({ id, label: `${write.sink} ${id + 1}`, step }));
  const ends = edgeEnds(pipeline, stages, sinks);
  const chunkRows = chunkRowsOf(pipeline, stages.flatMap((stage) => modelRows(program, stage)), facts);
  const capacities = planCapacities({ pipeline, stages, ends, sinks, chunkRows, facts });
  return { name: pipeline.name, chunkRows, groupChunks: groupChunksOf(pipeline, chunkRows), stages, sinks, ...capacities };
}

function modelRows(program: LoweredProgram, { model }: StagePlan): readonly ModelRows[] {
  if (model === undefined) return [];
  const declared = program.checked.models.find((candidate) => candidate.name === model.name);
  return [{ batch: model.batch, isBucketed: Object.keys(declared?.pad ?? {}).length > 0 }];
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
  if (kindOf(last) !== "cpu" || kindOf(step) !== "cpu") return false;
  if (isOrdered(last) !== isOrdered(step)) return false;
  return step.settings["workers"] === undefined || !group.some((earlier) => earlier.settings["workers"] !== undefined);
}

function kindOf(step: Step): StagePlan["kind"] {
  return step.kind === "read" ? "source" : step.kind === "model" ? "model" : "cpu";
}

/** Steps whose result depends on the rows before. */
function isOrdered(step: Step): boolean {
  return step.kind === "limit" || step.kind === "dedupe" || step.kind === "read";
}

function planStage(program: LoweredProgram, pipeline: LoweredPipeline, facts: RowFacts, steps: readonly Step[], id: number, solvedBatch: number | undefined): StagePlan {
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
  if (first.kind === "model") {
    const model = planModel(program, first, pipeline.steps[first.input]?.row.fields ?? [], facts, solvedBatch);
    return { ...base, replicas: replicasOf(first), concurrency: 1, model };
  }
  const isLight = steps.every((step) => step.kind === "zip" || step.kind === "filter" || step.kind === "sample");
  const workers = steps.map((step) => countSetting(step.settings, "workers")).find((count) => count !== undefined);
  const replicas = ordered ? 1 : (workers ?? (isLight || followsModel(pipeline, first) ? 1 : DEFAULT_WORKERS));
  return { ...base, replicas, concurrency: steps.some((step) => step.kind === "map") ? MAP_CONCURRENCY : 1 };
}

/** What is left to do after a model (an argmax, a decode) is small beside it. */
function followsModel(pipeline: LoweredPipeline, step: Step): boolean {
  return inputsOf(step).some((input) => pipeline.steps[input]?.kind === "model");
}

/** `replicas` of a map with several models may be a list, one for each model; one plan for all takes the first. */
function replicasOf(step: Step): number {
  const setting = constantSetting(step.settings, "replicas");
  const own = setting?.kind === "list" ? setting.items[0] : setting;
  return countOf(own) ?? 1;
}

function planModel(program: LoweredProgram, step: Step & ModelStep, fields: readonly RecordField[], facts: RowFacts, solvedBatch: number | undefined): ModelPlan {
  const { settings } = step;
  const model = program.checked.models.find((candidate) => candidate.symbol === step.model);
  if (model === undefined) throw new Error(`model ${step.model} is not in the program`);
  const wanted = numberSetting(settings, "batch") ?? numberSetting(model.settings, "batch") ?? solvedBatch ?? DEFAULT_BATCH;
  const batch = model.batched ? (model.fixedBatch ?? wanted) : 1;
  const activationBytes = activationBytesMax(model, step, fields, facts, batch);
  return {
    name: model.name,
    batch,
    device: stringSetting(settings, "device") ?? stringSetting(model.settings, "device") ?? "cpu",
    intraOpThreads: DEFAULT_INTRA_OP_THREADS,
    weightBytes: model.weightBytes ?? 0,
    ...(activationBytes === undefined ? {} : { activationBytes }),
  };
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
