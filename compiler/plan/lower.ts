/**
 * Lowers checked pipelines: streams become steps, model calls inside maps become steps of their own, columns that
 * nothing reads are dropped.
 *
 * Before: a checked program. After: the invariants of `LoweredProgram`; the meaning of every stream that is written
 * (or kept for tests) is unchanged.
 */
import type { RecordType } from "../../language/catalog/value-type.ts";
import type { CheckedPipeline, CheckedProgram, Stream } from "../../language/check/checked-program.ts";
import { hasModelCall, lowerModelMap } from "./lower-models.ts";
import type { LoweredPipeline, LoweredProgram, Step, StepBase } from "./lowered-program.ts";
import { pruneColumns } from "./prune-columns.ts";

export interface LowerOptions {
  /** Streams that tests read or replace, by pipeline: all their columns are kept. */
  readonly keepStreams?: ReadonlyMap<string, ReadonlySet<number>>;
}

/** A step before its number is known to be final. */
export type NewStep = Step extends infer S ? (S extends Step ? Omit<S, "id" | "name"> & { readonly name?: string } : never) : never;

/** Collects the steps of one pipeline and names them. */
export interface StepList {
  /** Appends a step and returns its number. Without a name it gets one from `hint`. */
  readonly add: (step: NewStep, hint: string) => number;
  readonly steps: readonly Step[];
}

export function lowerProgram(checked: CheckedProgram, options: LowerOptions = {}): LoweredProgram {
  const pipelines = checked.pipelines.map((pipeline) => lowerPipeline(checked, pipeline, options.keepStreams?.get(pipeline.name)));
  return { phase: "lowered", checked, pipelines };
}

function lowerPipeline(checked: CheckedProgram, pipeline: CheckedPipeline, keep: ReadonlySet<number> = new Set()): LoweredPipeline {
  const list = createStepList(pipeline);
  const hints = streamHints(pipeline);
  const stepOfStream = new Map<number, number>();
  const usable = reachable(pipeline, keep);
  for (const stream of pipeline.streams) {
    if (!usable.has(stream.id)) continue;
    const input = (id: number): number => found(stepOfStream, id);
    stepOfStream.set(stream.id, lowerStream(checked, pipeline, stream, input, { ...list, add: (step, hint) => list.add(step, hints.get(stream.id)?.(hint) ?? hint) }));
  }
  const writes = pipeline.writes.map((write) => ({ step: found(stepOfStream, write.stream), write }));
  const { name, doc, settings, span } = pipeline;
  const whole = { name, doc, settings, steps: list.steps, writes, stepOfStream, span };
  return pruneColumns(whole, new Set([...keep].flatMap((id) => stepOfStream.get(id) ?? [])));
}

/** Streams that a write or a test needs, directly or not. */
function reachable(pipeline: CheckedPipeline, keep: ReadonlySet<number>): ReadonlySet<number> {
  const wanted = new Set<number>([...keep, ...pipeline.writes.map((write) => write.stream)]);
  for (const stream of pipeline.streams.toReversed()) {
    if (!wanted.has(stream.id)) continue;
    for (const input of streamInputs(stream)) wanted.add(input);
  }
  return wanted;
}

function streamInputs(stream: Stream): readonly number[] {
  if (stream.kind === "read") return [];
  return stream.kind === "zip" ? stream.inputs : [stream.input];
}

function lowerStream(checked: CheckedProgram, pipeline: CheckedPipeline, stream: Stream, input: (id: number) => number, list: StepList): number {
  const base: Omit<StepBase, "id" | "name"> & { readonly name?: string } = {
    ...(stream.name === undefined ? {} : { name: stream.name }),
    row: stream.row,
    settings: stream.settings,
    span: stream.span,
  };
  switch (stream.kind) {
    case "read":
      return list.add({ ...base, kind: "read", read: stream.read }, stream.read.source);
    case "map": {
      const from = { step: input(stream.input), row: rowOf(pipeline, stream.input) };
      if (stream.record.some((entry) => hasModelCall(entry.value))) return lowerModelMap(checked, stream, from, list);
      return list.add({ ...base, kind: "map", input: from.step, entries: stream.record }, "map");
    }
    case "filter":
      return list.add({ ...base, kind: "filter", input: input(stream.input), predicate: stream.predicate }, "filter");
    case "explode": {
      const own = new Set(stream.fields.map((field) => field.name));
      const carried = stream.row.fields.map((field) => field.name).filter((name) => !own.has(name));
      const childrenMax = stream.childrenMax ?? DEFAULT_CHILDREN_MAX;
      return list.add({ ...base, kind: "explode", input: input(stream.input), fields: stream.fields, carried, childrenMax }, "explode");
    }
    case "implode":
      return list.add({ ...base, kind: "implode", input: input(stream.input), aggregates: stream.aggregates, carried: stream.carried }, "implode");
    case "dedupe":
      return list.add({ ...base, kind: "dedupe", input: input(stream.input), key: stream.key, distance: stream.distance, keysMax: stream.keysMax }, "dedupe");
    case "limit":
      return list.add({ ...base, kind: "limit", input: input(stream.input), rows: stream.rows }, "limit");
    case "sample":
      return list.add({ ...base, kind: "sample", input: input(stream.input), fraction: stream.fraction, seed: stream.seed }, "sample");
    case "zip":
      return list.add({ ...base, kind: "zip", inputs: stream.inputs.map(input) }, "zip");
  }
}

/** How unnamed streams are called: after the `let` or sink they lead to, `short_map` before `short`. */
function streamHints(pipeline: CheckedPipeline): ReadonlyMap<number, (hint: string) => string> {
  const goals = new Map<number, string>(pipeline.writes.map((write) => [write.stream, write.sink]));
  for (const stream of pipeline.streams.toReversed()) {
    const goal = stream.name ?? goals.get(stream.id);
    if (goal !== undefined) for (const input of streamInputs(stream)) if (!goals.has(input) || stream.name !== undefined) goals.set(input, goal);
  }
  for (const stream of pipeline.streams) if (stream.name !== undefined) goals.set(stream.id, stream.name);
  return new Map([...goals].map(([id, goal]) => [id, (hint: string) => (hint === goal || hint.startsWith(`${goal}_`) ? hint : `${goal}_${hint}`)]));
}

/** Children of one row where neither the types nor the program bound them. */
const DEFAULT_CHILDREN_MAX = 65_536;

function rowOf(pipeline: CheckedPipeline, id: number): RecordType {
  const stream = pipeline.streams[id];
  if (stream === undefined) throw new Error(`stream ${id} of ${pipeline.name} does not exist`);
  return stream.row;
}

function found(map: ReadonlyMap<number, number>, id: number): number {
  const step = map.get(id);
  if (step === undefined) throw new Error(`stream ${id} has no step yet: streams are not in topological order`);
  return step;
}

function createStepList(pipeline: CheckedPipeline): StepList {
  const steps: Step[] = [];
  const taken = new Set(pipeline.streams.flatMap((stream) => stream.name ?? []));
  const nameLike = (hint: string): string => {
    let name = hint;
    for (let i = 2; taken.has(name); i++) name = `${hint}_${i}`;
    taken.add(name);
    return name;
  };
  return {
    steps,
    add: (step, hint) => {
      const id = steps.length;
      steps.push({ ...step, id, name: step.name ?? nameLike(hint) });
      return id;
    },
  };
}
