/**
 * The same program in one thread: chunk after chunk, stage after stage, through the same steps, cuts and columns as on
 * workers, so that it writes the same bytes. Prints shapes on the way for whoever debugs a pipeline. Tests run here
 * too, with rows given instead of read.
 */
import { performance } from "node:perf_hooks";
import { onnxBackend } from "../backends/onnx-executor.ts";
import { decodeChunk } from "../channel/chunk-codec.ts";
import type { ChunkMessage } from "../channel/chunk-codec.ts";
import type { Backend } from "../contract/backend.ts";
import type { Chunk } from "../contract/chunk.ts";
import { findRowFault } from "../contract/check-value.ts";
import type { Program } from "../contract/define-program.ts";
import type { PipelineSpec, StepSpec } from "../contract/program.ts";
import { programFile } from "../contract/program-folder.ts";
import type { Row, Value } from "../contract/value.ts";
import type { GroupTracker } from "../recovery/group-tracker.ts";
import type { Outputs } from "../recovery/outputs.ts";
import { createSinkWriter } from "../recovery/sink-writer.ts";
import type { SinkGroup, SinkWriter } from "../recovery/sink-writer.ts";
import { openLocalPart } from "../stage/local-part.ts";
import type { RunLog } from "../telemetry/run-event.ts";
import { inputsOf, openSteps } from "../stage/open-steps.ts";
import type { OpenSteps } from "../stage/open-steps.ts";
import { createSourceReader } from "../stage/source-reader.ts";
import { createChunkLog } from "../stage/step-context.ts";
import { defaultParams } from "./default-params.ts";
import { edgeSchema } from "./edge-schema.ts";
import { placeBackend, placeModels } from "./placement.ts";
import { describeFailure } from "./run-ledger.ts";
import type { RunLedger } from "./run-ledger.ts";
import { stageResume, trackGroups } from "./run-start.ts";
import { openStage, runAllParts } from "./stage-runner.ts";
import type { StageRunner } from "./stage-runner.ts";
import { lastNeededChunk, openExplodes, parentFields } from "./topology.ts";
import type { Topology } from "./topology.ts";

export interface InterpretRequest {
  readonly pipeline: PipelineSpec;
  readonly topology: Topology;
  readonly ledger: RunLedger;
  readonly outputs: Outputs;
  readonly observe: (step: StepSpec, chunk: Chunk) => void;
  readonly signal: AbortSignal;
  readonly log: RunLog;
  /** In place of the plan's devices. */
  readonly device: string | undefined;
}

/** Ends when everything is committed, and nothing published that waits for the end. */
export async function runInterpreted(request: InterpretRequest): Promise<void> {
  const { pipeline, topology, ledger, outputs } = request;
  const places = placeModels(pipeline, request.device);
  const stages: StageRunner[] = [];
  const writers: SinkWriter[] = [];
  try {
    for (const stage of pipeline.stages) {
      const runner = await openStage(pipeline, stage, { backend: placeBackend(onnxBackend, places), isStopped: () => request.signal.aborted, observe: (step, chunk) => request.observe(pipeline.steps[step], chunk), resume: stageResume(pipeline, topology, outputs, stage.id) });
      stages.push(runner);
      if (runner.splits === undefined) continue;
      outputs.checkInputs(runner.splits);
      ledger.addSource(topology.stages[stage.id].region, runner.splits);
    }
    outputs.noteSources(topology.regions.map(({ id }) => ledger.splitsOf(id)));
    const groups = trackGroups(pipeline, topology, outputs, Promise.resolve(), request.log);
    for (const sink of pipeline.sinks) {
      const columns = pipeline.steps[sink.step].columns;
      const onGroup = (group: SinkGroup): void => groups.sinkGroup(topology.sinks[sink.id].region, sink.id, group);
      writers.push(createSinkWriter({ sink, columns, groupChunks: pipeline.groupChunks, target: outputs.targets[sink.id], start: outputs.start.sinks[sink.id], onGroup }));
    }
    for (const { id, sinks } of topology.regions) {
      await runRegion(request, id, stages, writers, groups);
      groups.regionFinished(id, false);
      for (const sink of sinks) await writers[sink].finish();
    }
    await groups.done;
  } finally {
    for (const writer of writers) await writer.abort();
    for (const stage of stages) await stage.close();
  }
}

async function runRegion(request: InterpretRequest, region: number, stages: readonly StageRunner[], writers: readonly SinkWriter[], groups: GroupTracker): Promise<void> {
  const { topology, ledger, outputs, signal } = request;
  const { chunks, exhausted: before, ended } = outputs.start.regions[region];
  const exhaustedAt = new Map(before.map((stage) => [stage, chunks - 1]));
  for (let chunk = chunks; !ended && chunk <= lastNeededChunk(topology, exhaustedAt, topology.regions[region].source); chunk++) {
    signal.throwIfAborted();
    const exhausted = await runChunk(request, region, chunk, stages, writers);
    if (exhausted === undefined) return;
    for (const stage of exhausted) exhaustedAt.set(stage, Math.min(chunk, exhaustedAt.get(stage) ?? chunk));
    groups.chunkCompleted(region, chunk, ledger.completeChunk(region, chunk, outputs.deadLetters));
  }
}

/** Carries one chunk through all stages of the region. The exhausted stages, or undefined where the source is at its end. */
async function runChunk(request: InterpretRequest, region: number, chunk: number, stages: readonly StageRunner[], writers: readonly SinkWriter[]): Promise<readonly number[] | undefined> {
  const { pipeline, topology, ledger } = request;
  const waiting = new Map<number, readonly ChunkMessage[]>();
  const exhausted: number[] = [];
  for (const node of topology.stages.filter((stage) => stage.region === region)) {
    const result = await unlessAborted(runAllParts(stages[node.id], node.ins.flatMap((edge) => waiting.get(edge) ?? [])), request.signal);
    if (result === undefined) return undefined;
    result.reports.forEach((report, part) => ledger.addReport(node.id, chunk, report, part === result.reports.length - 1));
    if (result.exhausted) exhausted.push(node.id);
    for (const edge of node.outs) waiting.set(edge, result.messages.filter((message) => message.edge === edge));
    for (const edge of node.ins) waiting.delete(edge);
  }
  for (const sink of topology.regions[region].sinks) {
    const { edge } = topology.sinks[sink];
    const messages = waiting.get(edge);
    if (messages === undefined) throw new Error(`chunk ${chunk} did not come to sink ${sink}`);
    const started = performance.now();
    const schema = edgeSchema(pipeline, pipeline.edges[edge]);
    const rows = messages.flatMap((message) => decodeChunk(schema, message).rows);
    await writers[sink].write(chunk, rows);
    ledger.addSinkReport(sink, rows.length, performance.now() - started);
  }
  return exhausted;
}

/** What the program's functions left behind when they threw may never come. */
async function unlessAborted<T>(made: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
  });
  try {
    return await Promise.race([made, aborted]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

export interface InterpretOptions {
  readonly params?: Readonly<Record<string, Value>>;
  /** Rows that replace those of a stream, by its name. */
  readonly given?: ReadonlyMap<string, readonly Row[]>;
  /** Streams whose rows are wanted. */
  readonly collect: readonly string[];
  readonly backend?: Backend;
}

/**
 * The rows of some streams of a pipeline; nothing is written. Only what leads to them runs. Where the pipeline's
 * `errors` is "fail" a row that fails is an Error that names it.
 */
export async function interpretPipeline(program: Program, name: string, options: InterpretOptions): Promise<ReadonlyMap<string, readonly Row[]>> {
  const pipeline = program.pipelines.find((candidate) => candidate.name === name);
  if (pipeline === undefined) throw new Error(`the program has no pipeline ${name}`);
  program.setParams({ ...defaultParams(program), ...options.params });
  const given = new Map([...(options.given ?? [])].map(([stream, rows]) => [findStream(pipeline, stream).id, rows]));
  const wanted = options.collect.map((stream) => findStream(pipeline, stream));
  const needed = findNeeded(pipeline, wanted, new Set(given.keys()));
  const collected = new Map(wanted.map((step): [string, Row[]] => [step.name, []]));
  const steps = pipeline.steps.filter((step) => needed.has(step.id));
  const carried = parentFields(pipeline.steps);
  const { backend = onnxBackend } = options;
  const opened = await openSteps(steps.filter((step) => !given.has(step.id)), {
    parentFields: (explode) => carried.get(explode) ?? [],
    openModel: (model) => backend.open(model, programFile(model.file)),
    openPart: (step) => openLocalPart(backend, step.model, step.part),
  });
  try {
    const starts = await openStarts(pipeline, steps, given);
    await collectRows(pipeline, opened, starts, (step, rows) => collected.get(step)?.push(...rows), wanted);
  } finally {
    await opened.close();
  }
  return collected;
}

type ChunkSupply = () => Promise<Chunk | undefined>;

async function collectRows(pipeline: PipelineSpec, opened: OpenSteps, starts: ReadonlyMap<number, ChunkSupply>, add: (step: string, rows: readonly Row[]) => void, wanted: readonly StepSpec[]): Promise<void> {
  for (let ordinal = 0; ; ordinal++) {
    const chunks = new Map<number, Chunk>();
    for (const [step, supply] of starts) {
      const chunk = await supply();
      if (chunk !== undefined) chunks.set(step, chunk);
    }
    if (chunks.size === 0) return;
    // A source that ends before another still has a say in every step after it: as an empty chunk.
    for (const step of starts.keys()) if (!chunks.has(step)) chunks.set(step, emptyChunk(ordinal));
    const log = createChunkLog();
    const made = await opened.run(chunks, log);
    const [failure] = log.failures;
    if (failure !== undefined && pipeline.errors.kind === "fail") throw new Error(describeFailure(failure, []));
    for (const step of wanted) add(step.name, made.get(step.id)?.rows ?? []);
  }
}

/** Where rows come from: those given, and the sources that are read. */
async function openStarts(pipeline: PipelineSpec, steps: readonly StepSpec[], given: ReadonlyMap<number, readonly Row[]>): Promise<ReadonlyMap<number, ChunkSupply>> {
  const starts = new Map<number, ChunkSupply>();
  for (const step of steps) {
    const rows = given.get(step.id);
    if (rows !== undefined) starts.set(step.id, supplyRows(pipeline, step, rows));
    else if (step.kind === "read") {
      const reader = createSourceReader(step, await step.source.open(step.args(), step.columns), pipeline);
      starts.set(step.id, async () => {
        const log = createChunkLog();
        const chunk = await reader.next(log);
        const [failure] = log.failures;
        if (failure !== undefined && pipeline.errors.kind === "fail") throw new Error(describeFailure(failure, []));
        return chunk;
      });
    }
  }
  return starts;
}

function supplyRows(pipeline: PipelineSpec, step: StepSpec, rows: readonly Row[]): ChunkSupply {
  if ((openExplodes(pipeline.steps).get(step.id) ?? []).length > 0) throw new Error(`${step.name} stands under an explode: rows can be given before it only`);
  rows.forEach((row, index) => {
    const fault = findRowFault(step.columns, row);
    if (fault !== undefined) throw new Error(`row ${index} given for ${step.name}: ${fault}`);
  });
  let firstRow = 0;
  return async () => {
    if (firstRow >= rows.length) return undefined;
    const part = rows.slice(firstRow, firstRow + pipeline.chunkRows);
    const chunk: Chunk = {
      id: { ordinal: Math.floor(firstRow / pipeline.chunkRows), split: 0, firstRow },
      rows: part,
      parents: part.map(() => 0),
      children: part.map((_, index) => index),
      levels: [],
      places: part.map((_, index) => `given row ${firstRow + index}`),
    };
    firstRow += part.length;
    return chunk;
  };
}

function emptyChunk(ordinal: number): Chunk {
  return { id: { ordinal, split: 0, firstRow: 0 }, rows: [], parents: [], children: [], levels: [], places: [] };
}

function findStream(pipeline: PipelineSpec, name: string): StepSpec {
  const step = pipeline.steps.find((candidate) => candidate.name === name);
  if (step === undefined) throw new Error(`pipeline ${pipeline.name} has no stream ${name}`);
  return step;
}

/** The wanted steps and all they depend on, up to the given ones. */
function findNeeded(pipeline: PipelineSpec, wanted: readonly StepSpec[], given: ReadonlySet<number>): ReadonlySet<number> {
  const needed = new Set<number>();
  const visit = (id: number): void => {
    if (needed.has(id)) return;
    needed.add(id);
    if (!given.has(id)) for (const input of inputsOf(pipeline.steps[id])) visit(input);
  };
  for (const step of wanted) visit(step.id);
  return needed;
}
