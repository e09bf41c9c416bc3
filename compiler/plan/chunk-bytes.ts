/**
 * The most bytes of a chunk, or one part of it, after each step. What types bound is bounded row by row; text and blobs that come from the
 * source are bounded together, since the source ends a chunk before its rows take more than a budget: a chunk of
 * pictures is then as large as that, not as many times the largest picture there may be.
 */
import type { RecordField } from "../../language/catalog/value-type.ts";
import { rowBytesMax } from "./columns.ts";
import type { RowFacts } from "./columns.ts";
import { inputsOf } from "./lowered-program.ts";
import type { LoweredPipeline, Step } from "./lowered-program.ts";
import type { StagePlan } from "./plan.ts";

/** What a chunk takes on an edge beside its columns: row ids, places, offsets. */
const ROW_EXTRA_BYTES = 64;
/** Of one row between two parts of a model, where nothing bounds it. */
const UNBOUNDED_PART_BYTES = 16 * 1024 * 1024;
/** Budgets are no smaller: chunks of a few rows cost more than they save. */
const CHUNK_BYTES_MIN = 16 * 1024 * 1024;

/** What the source holds a chunk's rows to; undefined where so many rows are within it anyway. */
export function chunkBudgetOf(pipeline: LoweredPipeline, chunkRows: number, facts: RowFacts): number | undefined {
  const rows = pipeline.steps.flatMap((step) => (step.kind === "read" ? [rowBytesMax(step.row.fields, facts)] : []));
  // One row always fits.
  const budget = Math.max(CHUNK_BYTES_MIN, ...rows);
  return rows.some((bytes) => bytes * chunkRows > budget) ? budget : undefined;
}

export interface ChunkBytesInput {
  readonly pipeline: LoweredPipeline;
  readonly stages: readonly StagePlan[];
  readonly chunkRows: number;
  readonly chunkBytes: number | undefined;
  readonly facts: RowFacts;
}

/** By step. */
export interface ChunkBytes {
  /** More rows than the source's where an explode is open. */
  readonly ofChunk: (step: number) => number;
  /** Parts have no more rows than chunks of the source, and are held to the same budget where they are cut. */
  readonly ofPart: (step: number) => number;
  /**
   * Of a chunk in the worker that brought it through these steps, beside what went in: what its rows' children are taken
   * from, and what was made of each; they share what they carry.
   */
  readonly ofWhole: (steps: readonly number[]) => number;
  /** Parts that a chunk has at most, where its rows are not so large that it is cut more often. */
  readonly partsOf: (step: number) => number;
}

export function chunkBytesOf({ pipeline, stages, chunkRows, chunkBytes, facts }: ChunkBytesInput): ChunkBytes {
  const factors = rowFactors(pipeline);
  const open = openBatchBytes(pipeline, stages);
  const origins = originsOf(pipeline);
  const shared = sharedFields(pipeline);
  const bytesOf = (id: number, factor: number): number => {
    const step = pipeline.steps[id];
    if (step === undefined) return 0;
    const rows = chunkRows * factor;
    const own = origins.get(id) ?? new Map<string, string>();
    const isCarried = ({ name }: RecordField): boolean => own.has(name);
    const inRows = rows * rowBytesMax(step.row.fields.filter(isCarried), facts);
    const carried = chunkBytes === undefined ? inRows : Math.min(inRows, chunkBytes * mostUsed([...own.values()]) * factor);
    const made = rows * rowBytesMax(step.row.fields.filter((field) => !isCarried(field)), facts);
    return safe(carried + made + rows * (ROW_EXTRA_BYTES + (open.get(id) ?? 0)));
  };
  const factorOf = (id: number): number => factors.get(id) ?? 1;
  return {
    ofChunk: (id) => bytesOf(id, factorOf(id)),
    ofPart: (id) => bytesOf(id, 1),
    ofWhole: (steps) => {
      const last = steps.at(-1) ?? -1;
      const made = pipeline.steps[last]?.row.fields.filter(({ name }) => shared.get(last)?.has(name) !== true) ?? [];
      const taken = steps.map((id) => {
        const step = pipeline.steps[id];
        return step?.kind === "explode" ? chunkRows * factorOf(step.input) * rowBytesMax(step.fields.map(({ name, value }) => ({ name, type: value.type })), facts) : 0;
      });
      return safe(taken.reduce((sum, bytes) => sum + bytes, chunkRows * factorOf(last) * (rowBytesMax(made, facts) + ROW_EXTRA_BYTES)));
    },
    partsOf: factorOf,
  };
}

function safe(bytes: number): number {
  return Math.min(Math.ceil(bytes), Number.MAX_SAFE_INTEGER);
}

/** How often the same field of the source stands in a row, at most. */
function mostUsed(fields: readonly string[]): number {
  return Math.max(0, ...fields.map((field) => fields.filter((other) => other === field).length));
}

/** By step, by field: the source's field that it is handed on from as it is. */
function originsOf(pipeline: LoweredPipeline): ReadonlyMap<number, ReadonlyMap<string, string>> {
  const origins = new Map<number, ReadonlyMap<string, string>>();
  for (const step of pipeline.steps) {
    const inputs = inputsOf(step).map((input) => origins.get(input) ?? new Map<string, string>());
    const own = step.row.fields.flatMap(({ name }) => {
      const origin = originOf(step, name, inputs);
      return origin === undefined ? [] : [[name, origin] as const];
    });
    origins.set(step.id, new Map(own));
  }
  return origins;
}

function originOf(step: Step, name: string, [input, ...others]: readonly ReadonlyMap<string, string>[]): string | undefined {
  switch (step.kind) {
    case "read":
      return name;
    case "map": {
      const entry = step.entries.find((candidate) => candidate.kind === "field" && candidate.name === name);
      return entry?.value.kind === "field" ? input?.get(entry.value.name) : undefined;
    }
    case "filter":
    case "dedupe":
    case "limit":
    case "sample":
      return input?.get(name);
    case "model":
    case "modelPart":
    case "explode":
    case "implode":
      return step.carried.includes(name) ? input?.get(name) : undefined;
    case "zip": {
      // Where two branches have the field, either may be meant.
      const found = [input, ...others].flatMap((branch) => branch?.get(name) ?? []);
      return found.length === 1 ? found[0] : undefined;
    }
  }
}

/** By step: fields that children of a row have from it as they are, or are parts of what it had. */
function sharedFields(pipeline: LoweredPipeline): ReadonlyMap<number, ReadonlyMap<string, string>> {
  const shared = new Map<number, ReadonlyMap<string, string>>();
  for (const step of pipeline.steps) {
    const input = shared.get(inputsOf(step)[0] ?? -1) ?? new Map<string, string>();
    const isHandedOn = (name: string): boolean => step.kind === "explode" || (step.kind !== "read" && step.kind !== "zip" && step.kind !== "implode" && originOf(step, name, [input]) !== undefined);
    shared.set(step.id, new Map(step.row.fields.flatMap(({ name }) => (isHandedOn(name) ? [[name, name] as const] : []))));
  }
  return shared;
}

/** Of one row after each step: tensors between parts of a model, at most. */
function openBatchBytes(pipeline: LoweredPipeline, stages: readonly StagePlan[]): ReadonlyMap<number, number> {
  const partOf = new Map(stages.flatMap((stage) => (stage.models ?? []).map((model) => [model.step, model.part] as const)));
  const open = new Map<number, ReadonlyMap<string, number>>();
  for (const step of pipeline.steps) {
    const before = open.get(inputsOf(step)[0] ?? -1) ?? new Map<string, number>();
    const part = partOf.get(step.id);
    const now = new Map(before);
    if (step.kind === "modelPart") {
      if (part === undefined || part.index === part.count - 1) now.delete(step.call);
      else now.set(step.call, part.sendBytesPerRow ?? UNBOUNDED_PART_BYTES);
    }
    open.set(step.id, now);
  }
  return new Map([...open].map(([id, calls]) => [id, [...calls.values()].reduce((sum, bytes) => sum + bytes, 0)]));
}

/** Rows at each step per row of the source, at most. */
function rowFactors(pipeline: LoweredPipeline): ReadonlyMap<number, number> {
  const factors = new Map<number, number>();
  const openers = new Map<number, readonly number[]>();
  for (const step of pipeline.steps) {
    const input = inputsOf(step)[0];
    const open = input === undefined ? [1] : (openers.get(input) ?? [1]);
    const now = step.kind === "explode" ? [...open, (open.at(-1) ?? 1) * step.childrenMax] : step.kind === "implode" && open.length > 1 ? open.slice(0, -1) : open;
    openers.set(step.id, now);
    factors.set(step.id, now.at(-1) ?? 1);
  }
  return factors;
}
