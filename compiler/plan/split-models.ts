/**
 * Puts a program's placement into its steps: a model that is cut becomes a run of part steps, and parts of models that
 * share stages stand stage by stage, part k of each before part k + 1 of any.
 *
 * Before: a lowered program, its placement, and the parts of every call that is not whole. After: a lowered program of
 * the same meaning, renumbered; every model step knows where it runs.
 */
import type { RecordField } from "../../language/catalog/value-type.ts";
import { inputsOf } from "./lowered-program.ts";
import type { LoweredPipeline, LoweredProgram, ModelStep, Step, StepBase } from "./lowered-program.ts";
import type { CutCalls, CutModel } from "./model-parts.ts";
import type { CallPlacement, PipelinePlacement, Placement } from "./placement.ts";

type Call = StepBase & ModelStep;

export function splitModels(program: LoweredProgram, placement: Placement, cuts: CutCalls): LoweredProgram {
  return { ...program, pipelines: program.pipelines.map((pipeline, index) => splitPipeline(pipeline, placement.pipelines[index], cuts[index] ?? new Map())) };
}

function splitPipeline(pipeline: LoweredPipeline, placement: PipelinePlacement | undefined, cuts: ReadonlyMap<number, CutModel>): LoweredPipeline {
  if (placement === undefined) return pipeline;
  const runs = new Map(findRuns(pipeline).map((run) => [run[0]?.id, run]));
  const inRuns = new Set([...runs.values()].flat().map((step) => step.id));
  const renumbered = new Map<number, number>();
  const steps: Step[] = [];
  const add = (step: Step): number => steps.push({ ...step, id: steps.length }) - 1;
  for (const step of pipeline.steps) {
    const run = runs.get(step.id);
    if (run !== undefined) {
      const input = renumbered.get(run[0]?.input ?? -1) ?? -1;
      const last = addRun(run, fieldsOf(pipeline, run), input, { placement, cuts, add });
      renumbered.set(run.at(-1)?.id ?? -1, last);
    } else if (!inRuns.has(step.id)) {
      const workers = placement.workers.get(step.id);
      renumbered.set(step.id, add({ ...withInputs(step, renumbered), ...(workers === undefined ? {} : { workers }) }));
    }
  }
  const to = (step: number): number => renumbered.get(step) ?? -1;
  const writes = pipeline.writes.map(({ step, write }) => ({ step: to(step), write }));
  const stepOfStream = new Map([...pipeline.stepOfStream].flatMap(([stream, step]) => (renumbered.has(step) ? [[stream, to(step)] as const] : [])));
  return { ...pipeline, steps, writes, stepOfStream };
}

/** Model steps in a row that come from one map and do not read each other's outputs; nothing else reads between them. */
function findRuns(pipeline: LoweredPipeline): readonly (readonly Call[])[] {
  const readers = new Map<number, number>();
  for (const id of [...pipeline.steps.flatMap(inputsOf), ...pipeline.writes.map((write) => write.step), ...pipeline.stepOfStream.values()]) readers.set(id, (readers.get(id) ?? 0) + 1);
  const runs: Call[][] = [];
  for (const step of pipeline.steps) {
    if (step.kind !== "model") continue;
    const run = runs.at(-1);
    const last = run?.at(-1);
    const made = new Set(run?.flatMap((call) => call.outputs.map((output) => output.column)));
    const follows = last !== undefined && step.input === last.id && readers.get(last.id) === 1 && step.span.file === last.span.file && step.span.start === last.span.start;
    if (run !== undefined && follows && !step.inputs.some((input) => made.has(input.column))) run.push(step);
    else runs.push([step]);
  }
  return runs;
}

/** Every field that is about in a run, in order: those that come in, then the outputs. */
function fieldsOf(pipeline: LoweredPipeline, run: readonly Call[]): readonly RecordField[] {
  const before = pipeline.steps[run[0]?.input ?? -1]?.row.fields ?? [];
  const made = run.flatMap((call) => {
    const own = new Set(call.outputs.map((output) => output.column));
    return call.row.fields.filter((field) => own.has(field.name));
  });
  return [...before, ...made];
}

interface RunContext {
  readonly placement: PipelinePlacement;
  readonly cuts: ReadonlyMap<number, CutModel>;
  readonly add: (step: Step) => number;
}

interface Placed {
  readonly call: Call;
  readonly placed: CallPlacement;
  readonly index: number;
}

/** Adds the steps of a run; gives the number of the last one. */
function addRun(run: readonly Call[], fields: readonly RecordField[], from: number, { placement, cuts, add }: RunContext): number {
  const ordered = inStages(run.flatMap((call): readonly Placed[] => {
    const placed = placement.calls.get(call.id);
    return placed === undefined ? [] : placed.parts.map((_, index) => ({ call, placed, index }));
  }));
  const wanted = new Set(run.at(-1)?.row.fields.map((field) => field.name));
  const outputsOf = (call: Call): ReadonlySet<string> => new Set(call.outputs.map((output) => output.column));
  const madeHere = new Set(run.flatMap((call) => [...outputsOf(call)]));
  const made = new Set<string>();
  const names = namesOfLast(run, ordered.at(-1)?.call);
  let input = from;
  ordered.forEach(({ call, placed, index }, at) => {
    const later = ordered.slice(at + 1);
    const needed = new Set([...wanted, ...later.filter((other) => other.index === 0).flatMap((other) => other.call.inputs.map(({ column }) => column))]);
    const here = fields.filter(({ name }) => needed.has(name) && (made.has(name) || !madeHere.has(name)));
    const isLast = index === placed.parts.length - 1;
    const own = isLast ? outputsOf(call) : new Set<string>();
    own.forEach((name) => made.add(name));
    const row = later.length === 0 ? run.at(-1)?.row ?? call.row : { ...call.row, fields: fields.filter(({ name }) => own.has(name) || here.some((field) => field.name === name)) };
    const carried = here.filter(({ name }) => !own.has(name)).map((field) => field.name);
    const cut = cuts.get(call.id);
    const base = { ...call, input, row, carried, name: isLast ? names(call) : `${call.name}_part_${index + 1}` };
    const part = cut?.parts[index];
    if (placed.parts.length === 1 && placed.parts[0]?.degree === 1) input = add({ ...base, placed });
    else if (part === undefined) throw new Error(`part ${index + 1} of ${call.name} was not cut`);
    else input = add({ ...base, kind: "modelPart", placed, part, index, call: call.name });
  });
  return input;
}

/** The last step has the name of the rows that come out; where another model ends last, the two change names. */
function namesOfLast(run: readonly Call[], last: Call | undefined): (call: Call) => string {
  const named = run.at(-1);
  return (call) => (call === last ? named : call === named ? last : call)?.name ?? call.name;
}

/** The parts stage by stage; stages in an order that suits every model, parts of one stage in the order of the calls. */
function inStages(parts: readonly Placed[]): readonly Placed[] {
  const stages: string[] = [];
  const stageOf = ({ placed, index }: Placed): string => placed.parts[index]?.stage ?? "";
  for (const call of new Set(parts.map((part) => part.call))) {
    const own = parts.filter((part) => part.call === call).map(stageOf);
    own.forEach((stage, at) => {
      if (stages.includes(stage)) return;
      const next = own.slice(at + 1).find((later) => stages.includes(later));
      stages.splice(next === undefined ? stages.length : stages.indexOf(next), 0, stage);
    });
  }
  return stages.flatMap((stage) => parts.filter((part) => stageOf(part) === stage));
}

function withInputs(step: Step, renumbered: ReadonlyMap<number, number>): Step {
  const to = (id: number): number => renumbered.get(id) ?? -1;
  if (step.kind === "read") return step;
  return step.kind === "zip" ? { ...step, inputs: step.inputs.map(to) } : { ...step, input: to(step.input) };
}
