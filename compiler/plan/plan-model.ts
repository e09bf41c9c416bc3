/** The plan of one model call, or of one part of a cut one: batch, threads and device from its placement, else from settings or fixed defaults. */
import type { RecordField } from "../../language/catalog/value-type.ts";
import type { RowFacts } from "./columns.ts";
import { inputsOf } from "./lowered-program.ts";
import type { LoweredPipeline, LoweredProgram, ModelPartStep, ModelStep, Step } from "./lowered-program.ts";
import { activationBytesMax, bytesAtMost } from "./model-memory.ts";
import type { PartPlacement } from "./placement.ts";
import type { ModelPlan, PartPlan } from "./plan.ts";
import { constantSetting, numberSetting, stringSetting } from "./settings.ts";

export type ModelCall = Step & (ModelStep | ModelPartStep);

/** Rows of a model call where the program does not say: large enough to amortise a call on CPUs, small in memory. */
const DEFAULT_BATCH = 8;
/** Part of what decides output bytes, so not the machine's number of cores. */
const DEFAULT_INTRA_OP_THREADS = 2;
/** Of weights that workers would load again: more would take too much memory, and with less a second worker gains nothing. */
const SPREAD_WEIGHT_BYTES = { low: 4 * 2 ** 20, high: 2 ** 30 };

export function isModel(step: Step): step is ModelCall {
  return step.kind === "model" || step.kind === "modelPart";
}

export function partOf(step: ModelCall): PartPlacement | undefined {
  return step.placed?.parts[step.kind === "modelPart" ? step.index : 0];
}

/**
 * Whether a stage has several workers whose calls have one thread each: where the program leaves both open for a model on
 * CPUs. Threads of one call wait for one another, workers do not.
 */
export function isSpread(program: LoweredProgram, calls: readonly ModelCall[], models: readonly ModelPlan[]): boolean {
  return calls.every((call) => mayBeSpread(program, call)) && models.some(({ weightBytes }) => weightBytes >= SPREAD_WEIGHT_BYTES.low);
}

/** Whether nothing says how many workers and threads a model on the CPU has, and its weights may be loaded more than once. */
function mayBeSpread(program: LoweredProgram, step: ModelCall): boolean {
  const model = program.checked.models.find((candidate) => candidate.symbol === step.model);
  const part = partOf(step);
  const onCpu = (part?.devices.flat() ?? [stringSetting(step.settings, "device") ?? "cpu"]).every((device) => device === "cpu");
  const isOpen = step.placed?.threads === undefined && part?.replicas === undefined && part?.range === undefined && step.settings["threads"] === undefined;
  return step.kind === "model" && onCpu && isOpen && (model?.weightBytes ?? Infinity) <= SPREAD_WEIGHT_BYTES.high;
}

export function planModel(program: LoweredProgram, pipeline: LoweredPipeline, facts: RowFacts, step: ModelCall): ModelPlan {
  const { settings, placed } = step;
  const model = program.checked.models.find((candidate) => candidate.symbol === step.model);
  if (model === undefined) throw new Error(`model ${step.model} is not in the program`);
  const wanted = numberSetting(settings, "batch") ?? numberSetting(model.settings, "batch") ?? placed?.batch ?? DEFAULT_BATCH;
  const batch = model.batched ? (model.fixedBatch ?? wanted) : 1;
  const optimize = constantSetting(model.settings, "optimize");
  const fields = rowsOfCall(pipeline, step);
  const activationBytes = activationBytesMax(model, step, fields, facts, batch);
  const sendBytes = step.kind === "modelPart" && step.part.sendBytes ? bytesAtMost(step.part.sendBytes, model, step, fields, facts, model.fixedBatch ?? 1) : undefined;
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

/** `sendBytes`: of one row, at most, where that is known. */
function planPart({ part, index, placed }: ModelPartStep, sendBytes: number | undefined): PartPlan {
  const { nodes, firstBlock, lastBlock, receives, sends, outputs, batchAxes } = part;
  const devices = placed.parts[index]?.devices[0] ?? [];
  const ranks = part.ranks.map((segments, rank) => ({ device: devices[rank] ?? "cpu", segments }));
  const isLast = index === placed.parts.length - 1;
  return { index, count: placed.parts.length, nodes, firstBlock, lastBlock, receives, sends, ranks, outputs, batchAxes, ...(isLast || sendBytes === undefined ? {} : { sendBytesPerRow: sendBytes }) };
}
