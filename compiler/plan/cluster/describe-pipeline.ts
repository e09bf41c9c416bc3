/**
 * What the cluster planner is asked about a pipeline: the work of its stages on cores, its models with their demands,
 * the bytes between them, and how many rows reach each step per row of the source.
 */
import type { CheckedModel } from "../../../language/check/checked-program.ts";
import type { Settings } from "../../../language/check/checked-program.ts";
import { dimName, type Dim } from "../../../language/tensor/dim.ts";
import { freeNames } from "../../../language/tensor/evaluate-dim.ts";
import type { ModelGraph } from "../../onnx/model-graph.ts";
import type { ModelWork } from "../cost/model-work.ts";
import { stepNs, writeNs, type CostScope } from "../cost/step-cost.ts";
import { TYPICAL_BLOB_BYTES, TYPICAL_TENSOR_BYTES, TYPICAL_TEXT_BYTES, typicalRowBytes } from "../cost/typical-bytes.ts";
import { workOfModel, type WorkRequest } from "../cost/work-of-model.ts";
import { inputsOf } from "../lowered-program.ts";
import type { LoweredPipeline, LoweredProgram, ModelStep, Step } from "../lowered-program.ts";
import type { PlacementHints } from "../place/problem.ts";
import type { PipelinePlan } from "../plan.ts";
import { measuredStage } from "./calibration.ts";
import type { Calibration, MeasuredLengths } from "./calibration.ts";
import { constantSetting, numberOf, numberSetting, settingFields, stringSetting } from "../settings.ts";

export interface PipelineWork {
  readonly name: string;
  readonly cores: readonly CoreWork[];
  readonly models: readonly ModelDemand[];
  /** Read from storage, and written to it, per row of the source. */
  readonly sourceBytes: number;
  readonly sinkBytes: number;
  readonly assumes: readonly string[];
}

/** A stage of maps, a source or a sink. */
export interface CoreWork {
  readonly id: number;
  readonly label: string;
  readonly kind: "source" | "map" | "sink";
  readonly nsPerRow: number;
  readonly rowsPerSource: number;
  /** Runs on one worker for the sake of order. */
  readonly ordered: boolean;
}

export interface ModelDemand {
  readonly stage: number;
  readonly label: string;
  readonly work: ModelWork;
  readonly rowsPerSource: number;
  /** Allowed batch sizes, ascending. */
  readonly batches: readonly number[];
  /** Those it could have if the program did not say which; the same where it does not. */
  readonly batchesFree: readonly number[];
  /** "cpu", a device's name, or undefined. */
  readonly device: string | undefined;
  readonly hints: PlacementHints;
  /** Models with one key come from one map. */
  readonly mapKey: string;
  /** Carried past or into the model, and out of it, per row of the source. */
  readonly inBytes: number;
  readonly outBytes: number;
}

/** Opens a model's file; undefined where it is none of ours to plan (the checker has complained). */
export type GraphReader = (model: CheckedModel) => ModelGraph | undefined;

const BATCH_GRID = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** Rows that one becomes in an explode that nothing bounds. */
const TYPICAL_CHILDREN = 8;
/** A length that nothing bounds. */
const LENGTH_DEFAULT = 256;

export function describePipeline(program: LoweredProgram, pipeline: LoweredPipeline, plan: PipelinePlan, readGraph: GraphReader, calibration?: Calibration): PipelineWork {
  const facts = program.checked.pipelines.find((candidate) => candidate.name === pipeline.name)?.dims ?? { bounds: new Map(), limits: [] };
  const scope: CostScope = { program: program.checked, facts };
  const assumes = new Set<string>([`a value without a known size has ${TYPICAL_BLOB_BYTES / 1024} KiB as bytes, ${TYPICAL_TEXT_BYTES} B as text, ${TYPICAL_TENSOR_BYTES / 1024} KiB as a tensor`]);
  const rows = rowMultiples(pipeline, assumes, measuredRows(pipeline, plan, calibration));
  const bytesAfter = (id: number): number => (rows.get(id) ?? 1) * typicalRowBytes(pipeline.steps[id]?.row.fields ?? [], facts);
  const cores: CoreWork[] = [];
  const models: ModelDemand[] = [];
  for (const stage of plan.stages) {
    const steps = stage.steps.flatMap((id) => pipeline.steps[id] ?? []);
    const first = steps[0];
    const last = steps.at(-1);
    if (first === undefined || last === undefined) continue;
    if (first.kind === "model") {
      const demand = modelDemand(program, first, readGraph, calibration?.lengths ?? [], assumes);
      const inBytes = inputsOf(first).reduce((sum, id) => sum + bytesAfter(id), 0);
      if (demand === undefined) assumes.add(`${stage.label} takes no time, as its model cannot be read`);
      else models.push({ ...demand, stage: stage.id, label: stage.label, rowsPerSource: rows.get(first.id) ?? 1, inBytes, outBytes: bytesAfter(last.id) });
    } else {
      const nsPerSource = steps.reduce((sum, step) => sum + stepNs(step, scope) * (rows.get(inputsOf(step)[0] ?? step.id) ?? 1), 0);
      const rowsPerSource = rows.get(inputsOf(first)[0] ?? first.id) ?? 1;
      cores.push({ id: stage.id, label: stage.label, kind: stage.kind === "source" ? "source" : "map", nsPerRow: nsPerSource / rowsPerSource, rowsPerSource, ordered: stage.ordered && first.kind !== "read" });
    }
  }
  plan.sinks.forEach((sink, index) => {
    const step = pipeline.steps[sink.step];
    if (step !== undefined) cores.push({ id: plan.stages.length + index, label: sink.label, kind: "sink", nsPerRow: writeNs(step, scope), rowsPerSource: rows.get(step.id) ?? 1, ordered: false });
  });
  return {
    name: pipeline.name,
    cores,
    models,
    sourceBytes: pipeline.steps.filter((step) => step.kind === "read").reduce((sum, step) => sum + bytesAfter(step.id), 0),
    sinkBytes: plan.sinks.reduce((sum, sink) => sum + bytesAfter(sink.step), 0),
    assumes: [...assumes],
  };
}

/** By the first step of a stage: rows that came to it per row of the source, where that was measured. */
function measuredRows(pipeline: LoweredPipeline, plan: PipelinePlan, calibration: Calibration | undefined): ReadonlyMap<number, number> {
  return new Map(plan.stages.flatMap((stage) => {
    const found = measuredStage(calibration, pipeline.name, stage.label)?.rowsPerSource;
    const [first] = stage.steps;
    return first === undefined || found === undefined ? [] : [[first, found] as const];
  }));
}

/** Rows that leave each step per row of the source. `measured`: rows that come to a step. */
function rowMultiples(pipeline: LoweredPipeline, assumes: Set<string>, measured: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const rows = new Map<number, number>();
  const parents = new Map<number, readonly number[]>();
  for (const step of pipeline.steps) {
    const input = inputsOf(step)[0];
    const before = input === undefined ? 1 : (measured.get(step.id) ?? rows.get(input) ?? 1);
    // What a step gives follows from what came to the next one: the step that gave it is put right.
    if (input !== undefined && measured.has(step.id)) rows.set(input, before);
    const open = input === undefined ? [] : (parents.get(input) ?? []);
    rows.set(step.id, rowsAfter(step, before, open, assumes));
    parents.set(step.id, step.kind === "explode" ? [...open, before] : step.kind === "implode" ? open.slice(0, -1) : open);
  }
  return rows;
}

function rowsAfter(step: Step, before: number, open: readonly number[], assumes: Set<string>): number {
  switch (step.kind) {
    case "explode": {
      const children = Math.min(step.childrenMax, TYPICAL_CHILDREN);
      if (children < step.childrenMax) assumes.add(`${step.name} makes ${children} rows of one`);
      return before * children;
    }
    case "implode":
      return open.at(-1) ?? before;
    case "filter":
      assumes.add(`${step.name} keeps every row`);
      return before;
    case "sample": {
      const { fraction } = step;
      const share = fraction.kind === "constant" ? numberOf(fraction.value) : undefined;
      return before * Math.min(1, Math.max(0, share ?? 1));
    }
    default:
      return before;
  }
}

type PartialDemand = Omit<ModelDemand, "stage" | "label" | "rowsPerSource" | "inBytes" | "outBytes">;

function modelDemand(program: LoweredProgram, step: Step & ModelStep, readGraph: GraphReader, lengths: readonly MeasuredLengths[], assumes: Set<string>): PartialDemand | undefined {
  const model = program.checked.models.find((candidate) => candidate.symbol === step.model);
  const graph = model === undefined ? undefined : readGraph(model);
  if (model === undefined || graph === undefined) return undefined;
  const batches = batchesOfModel(model, step.settings);
  const batchesFree = !model.batched || model.fixedBatch !== undefined ? batches : [...new Set([...BATCH_GRID, ...batches])].sort((a, b) => a - b);
  const work = workOfModel(graph, { name: model.name, inputShapes: inputShapes(model), batchName: BATCH_NAME, batches: batchesFree, buckets: rowBuckets(model, lengths, assumes) });
  for (const assumed of work.assumes) assumes.add(assumed);
  const device = stringSetting(step.settings, "device") ?? stringSetting(model.settings, "device");
  return { work, batches, batchesFree, device, hints: hintsOf(step.settings), mapKey: `${step.span.file}:${step.span.start}` };
}

const BATCH_NAME = "N (batch)";

function inputShapes(model: CheckedModel): ReadonlyMap<string, readonly Dim[]> {
  return new Map(model.inputs.map((input) => [input.port, input.batchAxis === undefined ? input.rowShape : input.rowShape.toSpliced(input.batchAxis, 0, dimName(BATCH_NAME))]));
}

/** Rows by length where that was measured, and the longest, whose share is then none but whose memory counts. */
function rowBuckets(model: CheckedModel, lengths: readonly MeasuredLengths[], assumes: Set<string>): WorkRequest["buckets"] {
  const longest = longestRow(model, assumes);
  const known = lengths.find((entry) => entry.model === model.name);
  if (known === undefined || longest.size === 0) {
    if (longest.size > 0) assumes.add(`every row of ${model.name} is as long as it may be`);
    return [{ share: 1, dims: longest }];
  }
  const padded = (name: string, most: number, size: number | undefined): number => {
    const multiple = model.pad[name]?.multiple ?? 1;
    return size === undefined ? most : Math.min(most, Math.ceil(size / multiple) * multiple);
  };
  const measured = known.rows.map(({ dims, share }) => ({ share, dims: new Map([...longest].map(([name, most]) => [name, padded(name, most, dims[name])] as const)) }));
  return [...measured, { share: 0, dims: longest }];
}

/** Every named dimension at its bound, padded as rows are. */
export function longestRow(model: CheckedModel, assumes: Set<string>): ReadonlyMap<string, number> {
  const names = new Set(model.inputs.flatMap((input) => input.rowShape.flatMap((dim) => [...freeNames(dim)])));
  return new Map([...names].map((name) => {
    const high = model.bounds[name]?.high;
    if (high === undefined) assumes.add(`dimension ${name} of ${model.name} is ${LENGTH_DEFAULT}`);
    const length = high ?? LENGTH_DEFAULT;
    const multiple = model.pad[name]?.multiple ?? 1;
    return [name, Math.ceil(length / multiple) * multiple] as const;
  }));
}

function batchesOfModel(model: CheckedModel, settings: Settings): readonly number[] {
  if (!model.batched) return [1];
  if (model.fixedBatch !== undefined) return [model.fixedBatch];
  const setting = constantSetting(settings, "batch");
  if (setting?.kind === "range") {
    const [low, high] = [numberOf(setting.low) ?? 1, numberOf(setting.high) ?? 256];
    return [...new Set([low, ...BATCH_GRID.filter((batch) => batch > low && batch < high), high])];
  }
  const fixed = numberOf(setting);
  return fixed === undefined ? BATCH_GRID : [fixed];
}

function hintsOf(settings: Settings): PlacementHints {
  const shard = settingFields(settings["shard"]) ?? {};
  const pipeline = numberSetting(shard, "pipeline");
  const tensor = numberSetting(shard, "tensor");
  const replicas = replicaRanges(settings);
  const memoryBytes = numberSetting(settings, "memory");
  const colocate = constantSetting(settings, "colocate");
  return {
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(tensor === undefined ? {} : { tensor }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(colocate?.kind === "bool" && colocate.value ? { colocate: true } : {}),
  };
}

function replicaRanges(settings: Settings): PlacementHints["replicas"] {
  const setting = constantSetting(settings, "replicas");
  const items = setting?.kind === "list" ? setting.items : setting === undefined ? [] : [setting];
  const ranges = items.flatMap((item) => {
    if (item.kind === "range") return [{ low: numberOf(item.low) ?? 1, high: numberOf(item.high) ?? Infinity }];
    const count = numberOf(item);
    return count === undefined ? [] : [{ low: count, high: count }];
  });
  return ranges.length === 0 ? undefined : ranges;
}
