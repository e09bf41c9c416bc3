/**
 * A stage of a pipeline, opened in this thread: one chunk in on each in-edge, one chunk out on each out-edge, whole or
 * part by part.
 */
import { decodeChunk, encodeChunk, voidChunk, wholeChunk } from "../channel/chunk-codec.ts";
import type { ChunkMessage, EdgeSchema, PartPlace } from "../channel/chunk-codec.ts";
import type { Backend, ModelSession } from "../contract/backend.ts";
import type { Chunk, ChunkId } from "../contract/chunk.ts";
import { JobError } from "../contract/kernel.ts";
import type { OpenSource, Split } from "../contract/kernel.ts";
import { programFile } from "../contract/program-folder.ts";
import type { EdgeSpec, ModelSpec, PipelineSpec, StageSpec } from "../contract/program.ts";
import { BEGINNING, wholeSteps } from "../contract/stage-parts.ts";
import { createBufferPool } from "../pool/buffer-pool.ts";
import type { BufferPool } from "../pool/buffer-pool.ts";
import type { SourcePosition } from "../recovery/progress.ts";
import { openLocalPart } from "../stage/local-part.ts";
import { cutParts, joinParts } from "../stage/chunk-parts.ts";
import type { ChunkPart } from "../stage/chunk-parts.ts";
import { openSteps } from "../stage/open-steps.ts";
import type { OpenSteps } from "../stage/open-steps.ts";
import { createSourceReader } from "../stage/source-reader.ts";
import type { ChunkCuts, WatchReading } from "../stage/source-reader.ts";
import { createChunkLog, Stopped } from "../stage/step-context.ts";
import type { ChunkLog, PartStepSpec, StepContext, StepMemory } from "../stage/step-context.ts";
import { watchSession } from "../stage/watched-session.ts";
import { edgeSchema } from "./edge-schema.ts";
import type { ChunkReport, StageResume } from "./messages.ts";
import { startThreadClock } from "./thread-clock.ts";
import { parentFields, pipelineParts } from "./topology.ts";

export interface StageRunner {
  /** What the source will read; undefined for a stage that reads none. */
  readonly splits: readonly Split[] | undefined;
  /** The stage's in-edges and out-edges, in the order of the pipeline's edges. */
  readonly ins: readonly EdgeSpec[];
  readonly outs: readonly EdgeSpec[];
  /** It does each part of a chunk by itself; otherwise it takes all parts of all in-edges together. */
  readonly takesParts: boolean;
  /** Undefined where a source has no more chunks. `messages`: one part, or those of all in-edges, each edge's in order. */
  readonly run: (messages: readonly ChunkMessage[]) => Promise<StageResult | undefined>;
  /** It gives a chunk part by part: `run` takes it in, and `next` gives each. */
  readonly cutsParts: boolean;
  /** The next part of a chunk that was taken in and is not at its end. */
  readonly next: (chunk: number) => Promise<StageResult>;
  /** Once a chunk is done, nothing looks at its inputs' buffers any more. */
  readonly leavesNothing: boolean;
  /** Buffers that an out-edge's receiver is done with. */
  readonly reclaim: (edge: number, buffers: readonly ArrayBuffer[]) => void;
  readonly close: () => Promise<void>;
}

/** Of spent buffers, kept by a worker for each edge. */
const POOL_BYTES_MAX = 64 * 2 ** 20;

/** What comes of a chunk, or one part of it. */
export interface StageResult extends PartPlace {
  readonly messages: readonly ChunkMessage[];
  readonly report: ChunkReport;
  readonly exhausted: boolean;
}

/** What a stage that cuts has to give of a chunk. */
type Begun =
  | { readonly kind: "parts"; readonly cut: Iterator<ChunkPart, undefined>; readonly next: number }
  /** The chunk came void. */
  | { readonly kind: "void"; readonly id: ChunkId }
  /** It could not be done: to be told when it is known who must hear of it. */
  | { readonly kind: "fault"; readonly error: JobError };

export interface StageHost {
  readonly backend: Backend;
  /** Where parts of several ranks run in threads of their own; absent: all ranks run in this one. */
  readonly openGang?: (step: PartStepSpec) => Promise<ModelSession>;
  /** Whether the run is being given up. */
  readonly isStopped: () => boolean;
  readonly observe?: (step: number, chunk: Chunk) => void;
  readonly around?: NonNullable<StepContext["around"]>;
  readonly reading?: (step: number) => WatchReading;
  /** Where a run that goes on where another stopped begins. */
  readonly resume?: StageResume;
}

/** What steps of the pipeline need to be opened in this thread. */
export function stepContext(pipeline: PipelineSpec, host: StageHost): StepContext {
  const carried = parentFields(pipeline.steps);
  const watched = (model: ModelSpec, session: ModelSession): ModelSession => stoppable(watchSession(session, model.timeoutMs), host.isStopped);
  return {
    parentFields: (explode) => carried.get(explode) ?? [],
    openModel: async (model) => watched(model, await host.backend.open(model, programFile(model.file))),
    openPart: async (step) => watched(step.model, await (step.part.ranks.length > 1 && host.openGang !== undefined ? host.openGang(step) : openLocalPart(host.backend, step.model, step.part))),
    ...(host.observe === undefined ? {} : { observe: host.observe }),
    ...(host.around === undefined ? {} : { around: host.around }),
    ...(host.resume === undefined ? {} : { memoryOf: memoryIn(host.resume) }),
  };
}

function memoryIn({ passed, keys, isKept }: StageResume): (step: number) => StepMemory {
  return (step) => ({ passed: passed[step] ?? 0, keys: keys.get(step) ?? [], isKept });
}

export async function openStage(pipeline: PipelineSpec, stage: StageSpec, host: StageHost): Promise<StageRunner> {
  const ins = pipeline.edges.filter((edge) => edge.to.kind === "stage" && edge.to.stage === stage.id);
  const outs = pipeline.edges.filter((edge) => edge.fromStage === stage.id);
  const steps = stage.steps.map((step) => pipeline.steps[step]);
  const { takesParts, cutsParts } = pipelineParts(pipeline).stages[stage.id];
  const source = await openReader(pipeline, stage, host);
  const whole = cutsParts ? wholeSteps(steps.map(({ kind }) => kind)) : steps.length;
  const opened = await openSteps(steps.slice(0, whole), stepContext(pipeline, host));
  const finishing = await openSteps(steps.slice(whole), stepContext(pipeline, host));
  const pools = new Map(outs.map((edge) => [edge.id, createBufferPool(Math.min(edge.queueBytesMax, POOL_BYTES_MAX))]));
  const open: OpenStage = {
    ins, outs, takesParts, cutsParts, source, opened, finishing, pools, host, cuts: pipeline,
    schemas: new Map([...ins, ...outs].map((edge) => [edge.id, edgeSchema(pipeline, edge)])),
    lastWhole: steps[whole - 1].id,
    last: stage.steps[stage.steps.length - 1],
    begun: new Map(),
  };
  return {
    splits: source?.open.splits,
    ins,
    outs,
    takesParts,
    cutsParts,
    run: (messages) => takeIn(open, messages),
    next: (ordinal) => givePart(open, ordinal),
    // Functions of users may keep what they were given; models do not, and what their parts hand on is copied or was not in the columns.
    leavesNothing: steps.every(({ kind }) => kind === "model" || kind === "modelPart"),
    reclaim: (edge, buffers) => pools.get(edge)?.keep(buffers),
    close: async () => {
      await opened.close();
      await finishing.close();
      await source?.open.close();
    },
  };
}

interface OpenStage extends Pick<StageRunner, "ins" | "outs" | "takesParts" | "cutsParts"> {
  readonly source: { readonly step: number; readonly open: OpenSource; readonly reader: ReturnType<typeof createSourceReader> } | undefined;
  /** Steps that see the chunk whole, the last of them, and those that are done part by part once it is cut. */
  readonly opened: OpenSteps;
  readonly lastWhole: number;
  readonly finishing: OpenSteps;
  /** The last step of all. */
  readonly last: number;
  readonly cuts: ChunkCuts;
  readonly schemas: ReadonlyMap<number, EdgeSchema>;
  readonly pools: ReadonlyMap<number, BufferPool>;
  readonly host: StageHost;
  /** By chunk: what was taken in and is not at its end. */
  readonly begun: Map<number, Begun>;
}

async function takeIn(stage: OpenStage, messages: readonly ChunkMessage[]): Promise<StageResult | undefined> {
  const { source, opened, cutsParts, host } = stage;
  const { part, isLast } = stage.takesParts ? messages[0] : wholeChunk;
  const lost = messages.find((message) => message.isVoid);
  if (lost !== undefined) {
    const given = cutsParts ? begin(stage, lost.id.ordinal, { kind: "void", id: lost.id }) : { messages: voids(stage, lost.id, { part, isLast }), part, isLast };
    return { ...given, report: emptyReport, exhausted: opened.isExhausted() };
  }
  const clock = startThreadClock();
  const log = createChunkLog(host.isStopped);
  const given = new Map(stage.ins.map(({ id, fromStep }): [number, Chunk] => [fromStep, joinParts(messages.filter(({ edge }) => edge === id).map((message) => decodeChunk(schemaOf(stage, id), message)))]));
  const read = await source?.reader.next(log);
  if (source !== undefined) {
    if (read === undefined) return undefined;
    host.observe?.(source.step, read);
    given.set(source.step, read);
  }
  const made = await doWhole(opened, given, log, cutsParts);
  const exhausted = opened.isExhausted();
  const position = read === undefined ? {} : { position: positionAfter(read, source?.reader.bytesBehind()) };
  const progress = { ...opened.remember(), ...position, isExhausted: exhausted };
  const rowsIn = read?.places.length ?? rowsOf([...given.values()]);
  const report = { rowsIn, rowsOut: 0, filtered: log.filtered, failures: log.failures, ...clock(), progress };
  if (made.kind === "fault") return { ...begin(stage, messages[0].id.ordinal, made), report, exhausted };
  if (cutsParts) return { ...begin(stage, messages[0].id.ordinal, { kind: "parts", cut: cutParts(chunkOf(made.chunks, stage.lastWhole), stage.cuts), next: 0 }), report, exhausted };
  const encoded = encode(stage, made.chunks, { part, isLast });
  return { messages: encoded, part, isLast, report: { ...report, rowsOut: made.chunks.get(stage.last)?.rows.length ?? 0, ...clock() }, exhausted };
}

async function givePart(stage: OpenStage, ordinal: number): Promise<StageResult> {
  const { begun, opened, finishing, host } = stage;
  const parts = begun.get(ordinal);
  if (parts === undefined) throw new Error(`chunk ${ordinal} was not begun, or has come to its end`);
  // Whatever comes of it, there is no going on after a fault.
  begun.delete(ordinal);
  if (parts.kind === "fault") throw parts.error;
  if (parts.kind === "void") return { messages: voids(stage, parts.id, wholeChunk), ...wholeChunk, report: emptyReport, exhausted: opened.isExhausted() };
  const clock = startThreadClock();
  const log = createChunkLog(host.isStopped);
  const cut = parts.cut.next().value;
  if (cut === undefined) throw new Error(`chunk ${ordinal} has no more parts`);
  const place = { part: parts.next, isLast: cut.isLast };
  const chunks = await finishing.run(new Map([[stage.lastWhole, cut.chunk]]), log);
  const messages = encode(stage, chunks, place);
  if (!cut.isLast) begun.set(ordinal, { ...parts, next: parts.next + 1 });
  const report = { rowsIn: 0, rowsOut: chunkOf(chunks, stage.last).rows.length, filtered: log.filtered, failures: log.failures, ...clock() };
  return { messages, ...place, report, exhausted: opened.isExhausted() };
}

function positionAfter({ id, places }: Chunk, bytes: number | undefined): SourcePosition {
  return { split: id.split, row: id.firstRow + places.length, ...(bytes === undefined ? {} : { bytes }) };
}

function begin({ begun }: OpenStage, ordinal: number, beginning: Begun): Pick<StageResult, "messages" | "part" | "isLast"> {
  begun.set(ordinal, beginning);
  return { messages: [], part: BEGINNING, isLast: false };
}

/** Once for each edge, even where several lead from one step: buffers are transferred, and can go to one thread only. */
function encode(stage: OpenStage, chunks: ReadonlyMap<number, Chunk>, place: PartPlace): readonly ChunkMessage[] {
  return stage.outs.map(({ id, fromStep }) => encodeChunk(id, schemaOf(stage, id), chunkOf(chunks, fromStep), stage.pools.get(id)?.take, place));
}

function voids({ outs }: OpenStage, id: ChunkId, place: PartPlace): readonly ChunkMessage[] {
  return outs.map((edge) => voidChunk(edge.id, id, place));
}

function schemaOf({ schemas }: OpenStage, edge: number): EdgeSchema {
  const schema = schemas.get(edge);
  if (schema === undefined) throw new Error(`edge ${edge} is none of the stage's`);
  return schema;
}

/** The steps that see the chunk whole. `keepsFault`: a fault of the job is told later. */
async function doWhole(steps: OpenSteps, given: ReadonlyMap<number, Chunk>, log: ChunkLog, keepsFault: boolean): Promise<{ readonly kind: "made"; readonly chunks: ReadonlyMap<number, Chunk> } | Extract<Begun, { kind: "fault" }>> {
  try {
    return { kind: "made", chunks: await steps.run(given, log) };
  } catch (error) {
    if (!keepsFault || !(error instanceof JobError)) throw error;
    return { kind: "fault", error };
  }
}

const emptyReport: ChunkReport = { rowsIn: 0, rowsOut: 0, filtered: 0, failures: [], busyMs: 0, computeMs: 0 };

/** A chunk may hold many calls: each first looks whether it is still wanted. */
function stoppable(session: ModelSession, isStopped: () => boolean): ModelSession {
  const run: ModelSession["run"] = async (inputs) => {
    if (isStopped()) throw new Stopped("the run is being given up");
    return session.run(inputs);
  };
  return { ...session, run };
}

function rowsOf(chunks: readonly Chunk[]): number {
  return Math.max(0, ...chunks.map((chunk) => chunk.rows.length));
}

function chunkOf(chunks: ReadonlyMap<number, Chunk>, step: number): Chunk {
  const chunk = chunks.get(step);
  if (chunk === undefined) throw new Error(`the stage gives no rows of step ${step}`);
  return chunk;
}

async function openReader(pipeline: PipelineSpec, stage: StageSpec, { resume, reading }: StageHost): Promise<OpenStage["source"]> {
  const step = stage.steps.map((id) => pipeline.steps[id]).find((candidate) => candidate.kind === "read");
  if (step?.kind !== "read") return undefined;
  const open = await step.source.open(step.args(), step.columns);
  return { step: step.id, open, reader: createSourceReader(step, open, pipeline, resume, reading?.(step.id)) };
}

/** All that comes of a chunk, in this thread, part after part. `messages`: as for a stage that takes all parts together. */
export async function runAllParts(stage: StageRunner, messages: readonly ChunkMessage[]): Promise<{ readonly messages: readonly ChunkMessage[]; readonly reports: readonly ChunkReport[]; readonly exhausted: boolean } | undefined> {
  const results: StageResult[] = [];
  for (const inputs of stage.takesParts ? messages.map((message) => [message]) : [messages]) {
    for (let result = await stage.run(inputs); ; result = await stage.next(inputs[0].id.ordinal)) {
      if (result === undefined) return undefined;
      results.push(result);
      if (result.isLast || !stage.cutsParts) break;
    }
  }
  return { messages: results.flatMap((result) => result.messages), reports: results.map(({ report }) => report), exhausted: results.some(({ exhausted }) => exhausted) };
}
