/** A stage of a pipeline, opened in this thread: one chunk in on each in-edge, one chunk out on each out-edge. */
import { performance } from "node:perf_hooks";
import { decodeChunk, encodeChunk, voidChunk } from "../channel/chunk-codec.ts";
import type { ChunkMessage, EdgeSchema } from "../channel/chunk-codec.ts";
import type { Backend, ModelSession } from "../contract/backend.ts";
import type { Chunk } from "../contract/chunk.ts";
import type { OpenSource, Split } from "../contract/kernel.ts";
import { programFile } from "../contract/program-folder.ts";
import type { EdgeSpec, ModelSpec, PipelineSpec, StageSpec } from "../contract/program.ts";
import { createBufferPool } from "../pool/buffer-pool.ts";
import { openLocalPart } from "../stage/local-part.ts";
import { openSteps } from "../stage/open-steps.ts";
import { createSourceReader } from "../stage/source-reader.ts";
import type { WatchReading } from "../stage/source-reader.ts";
import { createChunkLog, Stopped } from "../stage/step-context.ts";
import type { PartStepSpec, StepContext, StepMemory } from "../stage/step-context.ts";
import { watchSession } from "../stage/watched-session.ts";
import { edgeSchema } from "./edge-schema.ts";
import type { ChunkReport, StageResume } from "./messages.ts";
import { parentFields } from "./topology.ts";

export interface StageRunner {
  /** What the source will read; undefined for a stage that reads none. */
  readonly splits: readonly Split[] | undefined;
  /** The stage's in-edges and out-edges, in the order of the pipeline's edges. */
  readonly ins: readonly EdgeSpec[];
  readonly outs: readonly EdgeSpec[];
  /** Undefined where a source has no more chunks. `messages`: one for each in-edge, in any order. */
  readonly run: (messages: readonly ChunkMessage[]) => Promise<StageResult | undefined>;
  /** Once a chunk is done, nothing looks at its inputs' buffers any more. */
  readonly leavesNothing: boolean;
  /** Buffers that an out-edge's receiver is done with. */
  readonly reclaim: (edge: number, buffers: readonly ArrayBuffer[]) => void;
  readonly close: () => Promise<void>;
}

/** Of spent buffers, kept by a worker for each edge. */
const POOL_BYTES_MAX = 64 * 2 ** 20;

export interface StageResult {
  readonly messages: readonly ChunkMessage[];
  readonly report: ChunkReport;
  readonly exhausted: boolean;
}

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
  const schemas = new Map<number, EdgeSchema>([...ins, ...outs].map((edge) => [edge.id, edgeSchema(pipeline, edge)]));
  const schemaOf = (edge: number): EdgeSchema => schemas.get(edge) ?? edgeSchema(pipeline, pipeline.edges[edge]);
  const steps = stage.steps.map((step) => pipeline.steps[step]);
  const source = await openReader(pipeline, stage, host);
  const opened = await openSteps(steps, stepContext(pipeline, host));
  const last = stage.steps[stage.steps.length - 1];
  const pools = new Map(outs.map((edge) => [edge.id, createBufferPool(Math.min(edge.queueBytesMax, POOL_BYTES_MAX))]));

  return {
    splits: source?.open.splits,
    ins,
    outs,
    run: async (messages) => {
      const lost = messages.find((message) => message.isVoid);
      if (lost !== undefined) return { messages: outs.map((edge) => voidChunk(edge.id, lost.id)), report: emptyReport, exhausted: opened.isExhausted() };
      const started = performance.now();
      const log = createChunkLog(host.isStopped);
      const given = new Map(messages.map((message): [number, Chunk] => [pipeline.edges[message.edge].fromStep, decodeChunk(schemaOf(message.edge), message)]));
      if (source !== undefined) {
        const chunk = await source.reader.next(log);
        if (chunk === undefined) return undefined;
        host.observe?.(source.step, chunk);
        given.set(source.step, chunk);
      }
      const chunks = await opened.run(given, log);
      // Once for each edge, even where several lead from one step: buffers are transferred, and can go to one thread only.
      const out = outs.map((edge) => encodeChunk(edge.id, schemaOf(edge.id), chunkOf(chunks, edge.fromStep), pools.get(edge.id)?.take));
      const rowsIn = source === undefined ? rowsOf([...given.values()]) : (given.get(source.step)?.places.length ?? 0);
      const rowsOut = chunks.get(last)?.rows.length ?? 0;
      const exhausted = opened.isExhausted();
      const chunk = source === undefined ? undefined : given.get(source.step);
      const position = chunk === undefined ? {} : { position: { split: chunk.id.split, row: chunk.id.firstRow + chunk.places.length } };
      const progress = { ...opened.remember(), ...position, isExhausted: exhausted };
      const report = { rowsIn, rowsOut, filtered: log.filtered, failures: log.failures, busyMs: performance.now() - started, progress };
      return { messages: out, report, exhausted };
    },
    // Functions of users may keep what they were given; models do not, and what their parts hand on is copied or was not in the columns.
    leavesNothing: steps.every(({ kind }) => kind === "model" || kind === "modelPart"),
    reclaim: (edge, buffers) => pools.get(edge)?.keep(buffers),
    close: async () => {
      await opened.close();
      await source?.open.close();
    },
  };
}

const emptyReport: ChunkReport = { rowsIn: 0, rowsOut: 0, filtered: 0, failures: [], busyMs: 0 };

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

async function openReader(pipeline: PipelineSpec, stage: StageSpec, { resume, reading }: StageHost): Promise<{ readonly step: number; readonly open: OpenSource; readonly reader: ReturnType<typeof createSourceReader> } | undefined> {
  const step = stage.steps.map((id) => pipeline.steps[id]).find((candidate) => candidate.kind === "read");
  if (step?.kind !== "read") return undefined;
  const open = await step.source.open(step.args(), step.columns);
  return { step: step.id, open, reader: createSourceReader(step, open, pipeline, resume, reading?.(step.id)) };
}
