/**
 * Queue lengths, credits and tickets, and the bound on memory that follows. A ticket is a chunk under way between the
 * sources and the sinks; every join and sink input can hold all of them, so that credits cannot deadlock a zip with uneven
 * branches, and so can those where parts of chunks come together. Where a stage takes parts, its queue holds parts.
 */
import { packedBytes, workerHeldBytes } from "../../runtime/contract/held-bytes.ts";
import type { PartFlow } from "../../runtime/contract/stage-parts.ts";
import { arenaFactor } from "../onnx/cost/arena-factor.ts";
import { chunkBytesOf } from "./chunk-bytes.ts";
import type { ChunkBytes } from "./chunk-bytes.ts";
import { CHUNK_BYTES } from "./chunk-size.ts";
import type { RowFacts } from "./columns.ts";
import { inputsOf } from "./lowered-program.ts";
import type { LoweredPipeline } from "./lowered-program.ts";
import type { EdgeEnds } from "./plan-program.ts";
import { planParts, stepsOfWhole } from "./plan-parts.ts";
import { mostReplicas } from "./plan.ts";
import type { EdgePlan, MemoryBound, SinkPlan, StagePlan } from "./plan.ts";

/** Chunks that a worker has promised to its receivers: the one at work and the next, so that it never waits to be told. */
const PROMISED_CHUNKS = 2;

/** What a source may read at once, beside the chunk it gives. */
const SOURCE_READ_BYTES = 64 * 1024 * 1024;

export interface CapacityInput {
  readonly pipeline: LoweredPipeline;
  readonly stages: readonly StagePlan[];
  readonly ends: readonly EdgeEnds[];
  readonly sinks: readonly SinkPlan[];
  readonly chunkRows: number;
  /** What the source holds a chunk's rows to, if anything. */
  readonly chunkBytes: number | undefined;
  readonly facts: RowFacts;
  /** Of one row, of what operators of the stage make on the way. */
  readonly valueBytes: (stage: StagePlan) => number;
  /** What the run should stay below. */
  readonly memoryBytes: number;
}

export interface Capacities {
  readonly edges: readonly EdgePlan[];
  readonly tickets: number;
  readonly memory: MemoryBound;
}

/** With a `memory` setting, as many tickets as fit in it; one is always safe, and `checkPlan` says if even that is too much. */
export function planCapacities(input: CapacityInput): Capacities {
  const allowed = input.memoryBytes;
  let tickets = ticketsOf(input.stages, input.ends);
  let made = capacitiesFor(input, tickets);
  while (made.memory.boundBytes > allowed && tickets > 1) {
    tickets = Math.floor(tickets / 2);
    made = capacitiesFor(input, tickets);
  }
  return made;
}

function capacitiesFor(input: CapacityInput, tickets: number): Capacities {
  const sized: Sized = { ...input, bytes: chunkBytesOf(input), flow: planParts(input.pipeline, input.stages, input.ends) };
  const edges = input.ends.map((end): EdgePlan => {
    const [senders, receivers] = [replicasAt(input, end.fromStage), replicasAt(input, stageAt(end))];
    const queueChunks = holdsAll(sized, end) ? tickets : Math.min(tickets, senders * PROMISED_CHUNKS + receivers);
    // A chunk keeps its place from the moment it is begun until the receiver is done with it.
    if (!takesParts(sized, end)) return { ...end, queueChunks, queueBytesMax: safe((queueChunks + receivers) * sized.bytes.ofChunk(end.fromStep)) };
    // Small parts wait as many together as one large one takes, no more than a chunk has.
    const partBytes = sized.bytes.ofPart(end.fromStep);
    const queueParts = queueChunks * Math.max(1, Math.min(sized.bytes.partsOf(end.fromStep), Math.floor(CHUNK_BYTES / partBytes)));
    return { ...end, queueChunks: queueParts, queueBytesMax: safe((queueParts + receivers) * partBytes), byParts: true };
  });
  return { edges, tickets, memory: memoryBound(sized, edges, tickets) };
}

/** With what follows from the stages. */
interface Sized extends CapacityInput {
  readonly bytes: ChunkBytes;
  readonly flow: PartFlow;
}

function takesParts({ flow }: Sized, { id, to }: EdgeEnds): boolean {
  return to.kind === "stage" && flow.inParts[id] === true && flow.stages[to.stage]?.takesParts === true;
}

/** Enough to keep every worker of the longest path busy with one chunk waiting behind it. */
function ticketsOf(stages: readonly StagePlan[], ends: readonly EdgeEnds[]): number {
  const longest = stages.map((stage) => 2 * mostReplicas(stage));
  for (const stage of stages) {
    const before = ends.filter((end) => end.to.kind === "stage" && end.to.stage === stage.id).map((end) => longest[end.fromStage] ?? 0);
    longest[stage.id] = Math.max(0, ...before) + 2 * mostReplicas(stage);
  }
  return Math.max(1, ...longest);
}

/** Joins, stages that put chunks back in order, and sinks; stages that put parts together. */
function holdsAll(input: Sized, end: EdgeEnds): boolean {
  if (end.to.kind === "sink" || (input.flow.inParts[end.id] === true && !takesParts(input, end))) return true;
  const stage = input.stages[end.to.stage];
  const first = stage?.steps[0];
  return stage?.ordered === true || (first !== undefined && input.pipeline.steps[first]?.kind === "zip");
}

function replicasAt({ stages }: CapacityInput, id: number): number {
  const stage = stages[id];
  return stage === undefined ? 1 : mostReplicas(stage);
}

function stageAt(end: EdgeEnds): number {
  return end.to.kind === "stage" ? end.to.stage : -1;
}

function memoryBound(input: Sized, edges: readonly EdgePlan[], tickets: number): MemoryBound {
  const isJoin = (edge: EdgePlan): boolean => edge.to.kind === "stage" && holdsAll(input, edge);
  const sum = (chosen: readonly EdgePlan[]): number => safe(chosen.reduce((total, edge) => total + edge.queueBytesMax, 0));
  const edgeBytes = sum(edges.filter((edge) => edge.to.kind === "stage" && !isJoin(edge)));
  const joinBytes = sum(edges.filter(isJoin));
  const sinkBytes = safe(input.sinks.reduce((total, sink) => total + (tickets + 1) * input.bytes.ofChunk(sink.step), 0));
  const replicaBytes = safe(input.stages.reduce((total, stage) => total + mostReplicas(stage) * replicaBytesOf(input, stage) + sharedWeightBytes(stage), 0));
  // The main thread, a worker for each replica (for each rank of a gang), a worker for each sink.
  const workers = input.stages.reduce((total, stage) => total + mostReplicas(stage) * ranksOf(stage), 1 + input.sinks.length);
  const workerBytes = workers * workerHeldBytes;
  return { edgeBytes, joinBytes, sinkBytes, replicaBytes, workerBytes, boundBytes: safe(edgeBytes + joinBytes + sinkBytes + replicaBytes + workerBytes) };
}

/** A worker holds the chunk it works on and what it makes of it; a model's worker also weights, one batch and what is live while it is computed. */
function replicaBytesOf(input: Sized, stage: StagePlan): number {
  const inAndOut = inAndOutBytes(input, stage);
  // Each of the rows under way has a value that was made and the one that is made of it.
  const computing = stage.kind === "cpu" ? 2 * stage.concurrency * input.valueBytes(stage) : 0;
  return (stage.models ?? []).reduce((sum, { batch, weightBytes, activationBytes, shareWeights, part }) => {
    const batchBytes = (inAndOut / input.chunkRows) * batch;
    // Where nothing bounds what is live within the model, its inputs and outputs are all that is known of it.
    const session = (shareWeights ? 0 : packedBytes(weightBytes)) + (activationBytes ?? batchBytes) * arenaFactor;
    return sum + session * (part?.ranks.length ?? 1) + batchBytes;
  }, inAndOut + computing);
}

/** Chunks, or parts; where it cuts, beside the chunk that it took and the part that it gives, what it cut that from. */
function inAndOutBytes(input: Sized, stage: StagePlan): number {
  const { bytes, flow, pipeline } = input;
  const first = pipeline.steps[stage.steps[0] ?? 0];
  const last = stage.steps.at(-1) ?? 0;
  const from = first === undefined ? undefined : inputsOf(first)[0];
  if (from === undefined) return SOURCE_READ_BYTES + bytes.ofChunk(last);
  if (input.ends.some((end) => stageAt(end) === stage.id && takesParts(input, end))) return bytes.ofPart(from) + bytes.ofPart(last);
  if (flow.stages[stage.id]?.cutsParts !== true) return bytes.ofChunk(from) + bytes.ofChunk(last);
  return bytes.ofChunk(from) + bytes.ofWhole(stepsOfWhole(pipeline, stage.steps)) + bytes.ofPart(last);
}

/** Mapped once for all workers of the stage. */
function sharedWeightBytes(stage: StagePlan): number {
  return (stage.models ?? []).reduce((sum, { shareWeights, weightBytes, part }) => sum + (shareWeights ? weightBytes * (part?.ranks.length ?? 1) : 0), 0);
}

/** Workers of one replica: the ranks of a gang run all its parts. */
function ranksOf(stage: StagePlan): number {
  return Math.max(1, ...(stage.models ?? []).map(({ part }) => part?.ranks.length ?? 1));
}

function safe(bytes: number): number {
  return Math.min(Math.ceil(bytes), Number.MAX_SAFE_INTEGER);
}
