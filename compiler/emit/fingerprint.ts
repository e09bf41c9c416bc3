/**
 * What a pipeline computes, as one digest: equal digests mean that a run may go on where another one stopped. Places,
 * names of steps, settings of the plan (replicas, devices, batches) and the values of params are no part of it.
 */
import { createHash } from "node:crypto";
import type { CheckedExtern, CheckedModel, CheckedProgram, Expr } from "../../language/check/checked-program.ts";
import type { LoweredPipeline, LoweredProgram, Step } from "../plan/lowered-program.ts";
import { stepExprs } from "../plan/step-exprs.ts";
import { settingExprs, symbolsReached } from "./used-symbols.ts";

/** Digests of what lies in other files; undefined where a file cannot be read. */
export interface FileDigests {
  /** Of a model's file with all its weights. */
  readonly model: (model: CheckedModel) => string | undefined;
  /** Of an extern's module and what it imports of the user's own files. */
  readonly extern: (extern: CheckedExtern) => string | undefined;
}

export interface Fingerprint {
  /** 64 hexadecimal digits. */
  readonly digest: string;
  /** What of it lies in files of its own, in words ("the extern work"), with its digest: to name what has changed. */
  readonly parts: Readonly<Record<string, string>>;
}

const PART_DIGITS = 16;

export function fingerprintOf(program: LoweredProgram, pipeline: LoweredPipeline, digests: FileDigests): Fingerprint {
  const { checked } = program;
  const used = symbolsReached(program, pipelineExprs(pipeline));
  const called = new Set(pipeline.steps.flatMap((step) => (step.kind === "model" ? [step.model] : [])));
  const models = checked.models.filter((model) => called.has(model.symbol)).map((model) => ({ model, digest: digests.model(model) }));
  const externs = checked.externs.filter((extern) => used.has(extern.symbol)).map((extern) => ({ extern, digest: digests.extern(extern) }));
  const content = {
    format: 1,
    steps: pipeline.steps.map(stepParts),
    writes: pipeline.writes.map(({ step, write }) => ({ step, sink: write.sink, args: write.args })),
    errors: errorsPart(pipeline),
    models: models.map(({ model, digest }) => ({ ...modelParts(model), digest })),
    functions: checked.functions.filter((fn) => used.has(fn.symbol)).map(({ symbol, parameters, lets, body, result }) => ({ symbol, parameters, lets, body, result })),
    constants: checked.constants.filter((constant) => used.has(constant.symbol)),
    // Without their limits of time: whoever goes on after a call that hung may set one.
    externs: externs.map(({ extern: { symbol, result }, digest }) => ({ symbol, result, digest })),
    dims: factsOfNames(checked, pipeline.name),
  };
  const short = (digest: string | undefined): string => (digest ?? "").slice(0, PART_DIGITS);
  return {
    digest: createHash("sha256").update(JSON.stringify(content, withoutPlaces)).digest("hex"),
    parts: Object.fromEntries([...models.map(({ model, digest }) => [`the model ${model.name}`, short(digest)]), ...externs.map(({ extern, digest }) => [`the extern ${extern.name}`, short(digest)])]),
  };
}

function pipelineExprs(pipeline: LoweredPipeline): readonly Expr[] {
  return [
    ...pipeline.steps.flatMap(stepExprs),
    ...pipeline.writes.flatMap(({ write }) => Object.values(write.args)),
    ...Object.values(pipeline.settings).flatMap(settingExprs),
  ];
}

/** Without the share of rows that may fail: it may be raised for a run that stopped over it. Groups are cuts of the plan. */
function errorsPart(pipeline: LoweredPipeline): string {
  return JSON.stringify(pipeline.settings["errors"], (key, value: unknown) => (key === "max" ? undefined : withoutPlaces(key, value))) ?? "";
}

/** A step without what only people and the plan look at. */
function stepParts(step: Step): object {
  const { id: _id, name: _name, settings: _settings, ...own } = step;
  return own;
}

function modelParts(model: CheckedModel): object {
  const { symbol, inputs, outputs, batched, fixedBatch, bounds, pad } = model;
  const ports = (list: CheckedModel["inputs"]): readonly object[] => list.map(({ port, dtype, rowShape, batchAxis }) => ({ port, dtype, rowShape, batchAxis }));
  return { symbol, inputs: ports(inputs), outputs: ports(outputs), batched, fixedBatch, bounds, pad };
}

/** Bounds of rows decide which of them are refused. */
function factsOfNames(checked: CheckedProgram, name: string): unknown {
  return checked.pipelines.find((pipeline) => pipeline.name === name)?.dims;
}

function withoutPlaces(key: string, value: unknown): unknown {
  if (key === "span" || key === "fromFile") return undefined;
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Map ? [...value] : value;
}
