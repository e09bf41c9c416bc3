/**
 * The graph that the scheduler works on: stages, edges, sinks and regions, as plain data. A region is what one source
 * feeds; it admits `tickets` chunks at a time.
 */
import type { EdgeSpec, PipelineSpec, StageSpec, StepSpec } from "../contract/program.ts";
import { partFlow } from "../contract/stage-parts.ts";
import type { PartFlow } from "../contract/stage-parts.ts";
import { inputsOf } from "../stage/open-steps.ts";
import { coresOfMachine } from "./machine.ts";

export interface Topology {
  /** Core tokens: as many cores as workers may keep busy at once. */
  readonly cores: number;
  readonly stages: readonly StageNode[];
  readonly edges: readonly EdgeNode[];
  readonly sinks: readonly SinkNode[];
  readonly regions: readonly RegionNode[];
}

export interface StageNode {
  readonly id: number;
  readonly label: string;
  /** Workers at the start; while the run lasts, from `replicasMin` to `replicasMax`. */
  readonly replicas: number;
  readonly replicasMin: number;
  readonly replicasMax: number;
  /** Core tokens of one worker while it works. 0: it waits, or works on another device. */
  readonly cores: number;
  /** Calls functions that may wait: it needs no tokens, and what it computes is measured. */
  readonly mayWait: boolean;
  /** Takes chunks in row order. */
  readonly ordered: boolean;
  /** Reads a source: its chunks come from no edge. */
  readonly isSource: boolean;
  /** Does each part of a chunk by itself, and gives one for each. */
  readonly takesParts: boolean;
  /** Gives a chunk part by part. */
  readonly cutsParts: boolean;
  readonly ins: readonly number[];
  readonly outs: readonly number[];
  readonly region: number;
}

export interface EdgeNode {
  readonly id: number;
  readonly fromStage: number;
  readonly to: { readonly kind: "stage"; readonly stage: number } | { readonly kind: "sink"; readonly sink: number };
  /**
   * Chunks under way on the edge at most, with all replicas at its end: promised, waiting, and being worked on. Where
   * the stage at the end takes parts, each part counts as one.
   */
  readonly capacity: number;
  /**
   * Bytes that wait at most, but at least one chunk always may. Infinity where the tickets bound them (joins, ordered
   * stages, sinks, where parts come together): to hold chunks back there by bytes could deadlock.
   */
  readonly bytesMax: number;
  /** It has room for all tickets, since chunks may have to wait here for others. */
  readonly holdsTickets: boolean;
  /** A chunk may come in several parts. */
  readonly inParts: boolean;
}

export interface SinkNode {
  readonly id: number;
  readonly edge: number;
  readonly region: number;
}

export interface RegionNode {
  readonly id: number;
  readonly source: number;
  readonly tickets: number;
  /** A drain ends at a multiple of so many chunks. */
  readonly groupChunks: number;
  readonly sinks: readonly number[];
}

export interface TopologyOptions {
  /** Fewer than the plan's where memory ran out. */
  readonly tickets?: number;
  readonly cores?: number;
  /** Where all models run, in place of the plan's devices. */
  readonly device?: string | undefined;
}

export function readTopology(pipeline: PipelineSpec, options: TopologyOptions = {}): Topology {
  const tickets = options.tickets ?? pipeline.tickets;
  const cores = options.cores ?? coresOfMachine();
  const regionOf = findRegions(pipeline);
  const parts = pipelineParts(pipeline);
  const isSource = (stage: StageSpec): boolean => stage.steps.some((step) => pipeline.steps[step].kind === "read");
  const stages = pipeline.stages.map((stage): StageNode => ({
    id: stage.id,
    label: stage.label,
    ...workersOf(pipeline, stage, cores, options.device),
    cores: Math.min(cores, coresOf(pipeline, stage, options.device)),
    mayWait: stage.cores === 0 && modelSteps(pipeline, stage).length === 0,
    ordered: stage.ordered,
    isSource: isSource(stage),
    ...parts.stages[stage.id],
    ins: pipeline.edges.filter((edge) => edge.to.kind === "stage" && edge.to.stage === stage.id).map((edge) => edge.id),
    outs: pipeline.edges.filter((edge) => edge.fromStage === stage.id).map((edge) => edge.id),
    region: regionOf.get(stage.id) ?? -1,
  }));
  const edges = pipeline.edges.map((edge): EdgeNode => {
    const to = edge.to.kind === "stage" ? stages[edge.to.stage] : undefined;
    const inParts = parts.inParts[edge.id];
    const holdsTickets = mustHoldTickets(to, inParts);
    return {
      id: edge.id,
      fromStage: edge.fromStage,
      to: edge.to,
      capacity: edge.queueChunks + (to?.replicasMax ?? 0),
      bytesMax: holdsTickets ? Infinity : edge.queueBytesMax,
      holdsTickets,
      inParts,
    };
  });
  const sinks = pipeline.sinks.map((sink): SinkNode => {
    const edge = pipeline.edges.find(({ to }) => to.kind === "sink" && to.sink === sink.id);
    return { id: sink.id, edge: edge?.id ?? -1, region: regionOf.get(edge?.fromStage ?? -1) ?? -1 };
  });
  const regions = stages
    .filter((stage) => stage.isSource)
    .map((source): RegionNode => ({ id: source.region, source: source.id, tickets, groupChunks: pipeline.groupChunks, sinks: sinks.filter((sink) => sink.region === source.region).map((sink) => sink.id) }))
    .sort((a, b) => a.id - b.id);
  return { cores, stages, edges, sinks, regions };
}

/** Which stages and edges of the pipeline have chunks in parts. */
export function pipelineParts(pipeline: Pick<PipelineSpec, "steps" | "stages"> & { readonly edges: readonly Pick<EdgeSpec, "fromStage" | "to">[] }): PartFlow {
  const open = openExplodes(pipeline.steps);
  const stages = pipeline.stages.map(({ steps, ordered }) => ({ kinds: steps.map((step) => pipeline.steps[step].kind), ordered, isUnderExplode: (open.get(steps[steps.length - 1]) ?? []).length > 0 }));
  return partFlow(stages, pipeline.edges.map(({ fromStage, to }) => ({ fromStage, toStage: to.kind === "stage" ? to.stage : undefined })));
}

/** Where chunks wait for others, or for parts of their own. `to`: the stage at the end; undefined: a sink. */
export function mustHoldTickets(to: Pick<StageNode, "ordered" | "ins" | "takesParts"> | undefined, inParts: boolean): boolean {
  return to === undefined || to.ordered || to.ins.length > 1 || (inParts && !to.takesParts);
}

/**
 * Where the number is left to the run, no more start than can compute at once. A stage that was planned for other devices
 * and is put on the CPU has as many as that, and no more: its number was for the devices.
 */
function workersOf(pipeline: PipelineSpec, stage: StageSpec, cores: number, device: string | undefined): Pick<StageNode, "replicas" | "replicasMin" | "replicasMax"> {
  const { replicas, replicasMin = replicas, replicasMax = replicas } = stage;
  const atOnce = Math.max(1, Math.floor(cores / Math.max(1, coresOf(pipeline, stage, device))));
  const isMoved = device === "cpu" && coresOf(pipeline, stage, device) > coresOf(pipeline, stage, undefined);
  if (isMoved) return { replicas: Math.min(replicas, atOnce), replicasMin: Math.min(replicas, atOnce), replicasMax: Math.min(replicas, atOnce) };
  return { replicas: Math.max(replicasMin, Math.min(replicas, atOnce)), replicasMin, replicasMax };
}

/**
 * Core tokens of one worker. A model on the CPU keeps its threads busy, a worker that computes rows one core; sources
 * mostly wait, and are waited for: they need none.
 */
function coresOf(pipeline: PipelineSpec, stage: StageSpec, device: string | undefined): number {
  if (stage.cores !== undefined) return stage.cores;
  if (stage.steps.some((id) => pipeline.steps[id].kind === "read")) return 0;
  const models = modelSteps(pipeline, stage);
  return models.length === 0 ? 1 : Math.max(...models.map((step) => step.model.intraOpThreads * cpuRanks(step, stage, device)));
}

type ModelStepSpec = Extract<StepSpec, { kind: "model" | "modelPart" }>;

function modelSteps(pipeline: PipelineSpec, stage: StageSpec): readonly ModelStepSpec[] {
  return stage.steps.map((id) => pipeline.steps[id]).flatMap((step) => (step.kind === "model" || step.kind === "modelPart" ? [step] : []));
}

/** Ranks of a replica that run on the CPU, at most. */
function cpuRanks(step: ModelStepSpec, stage: StageSpec, device: string | undefined): number {
  const planned = step.kind === "model" ? [step.model.device] : step.part.ranks.map((rank) => rank.device);
  const replicas = stage.devices ?? [planned];
  return Math.max(...replicas.map((ranks) => ranks.filter((own) => (device ?? own) === "cpu").length));
}

/**
 * The last chunk from which a row of `stage` can come to a sink; Infinity as long as rows can come from all.
 * `exhaustedAt`: the chunk after which a stage gives nothing more, by stage.
 */
export function lastNeededChunk(topology: Topology, exhaustedAt: ReadonlyMap<number, number>, stage: number): number {
  const neededOf = foldFromSinks<number>(topology, (id, beyond) => Math.min(exhaustedAt.get(id) ?? Infinity, Math.max(...beyond.map((needed) => needed ?? Infinity))));
  return neededOf(stage);
}

/**
 * What follows for a stage from what follows for the stages behind it, in the order of its edges (undefined: a sink).
 * Each is asked once: there may be more ways through a graph than anybody can go.
 */
export function foldFromSinks<T>(topology: Topology, fold: (stage: number, beyond: readonly (T | undefined)[]) => T): (stage: number) => T {
  const known = new Map<number, T>();
  const valueOf = (stage: number): T => {
    const found = known.get(stage);
    if (found !== undefined) return found;
    const made = fold(stage, topology.stages[stage].outs.map((edge) => {
      const { to } = topology.edges[edge];
      return to.kind === "sink" ? undefined : valueOf(to.stage);
    }));
    known.set(stage, made);
    return made;
  };
  return valueOf;
}

/** The weakly connected parts, numbered by first stage. */
function findRegions(pipeline: PipelineSpec): ReadonlyMap<number, number> {
  const part = new Map(pipeline.stages.map((stage) => [stage.id, stage.id]));
  const root = (stage: number): number => {
    const above = part.get(stage) ?? stage;
    return above === stage ? stage : root(above);
  };
  for (const edge of pipeline.edges) {
    if (edge.to.kind !== "stage") continue;
    const [a, b] = [root(edge.fromStage), root(edge.to.stage)];
    part.set(Math.max(a, b), Math.min(a, b));
  }
  const numbers = [...new Set(pipeline.stages.map((stage) => root(stage.id)))];
  return new Map(pipeline.stages.map((stage) => [stage.id, numbers.indexOf(root(stage.id))]));
}

/** Explode steps that are open over the rows of each step, outermost first, by step id. */
export function openExplodes(steps: readonly StepSpec[]): ReadonlyMap<number, readonly number[]> {
  const open = new Map<number, readonly number[]>();
  for (const step of steps) {
    const [first] = inputsOf(step);
    const before = first === undefined ? [] : (open.get(first) ?? []);
    open.set(step.id, step.kind === "explode" ? [...before, step.id] : step.kind === "implode" ? before.slice(0, -1) : before);
  }
  return open;
}

/** The fields that implodes carry from the parents each explode opened, by explode step. */
export function parentFields(steps: readonly StepSpec[]): ReadonlyMap<number, readonly string[]> {
  const open = openExplodes(steps);
  const fields = new Map<number, string[]>();
  for (const step of steps) {
    if (step.kind !== "implode") continue;
    const closed = open.get(step.input)?.at(-1);
    if (closed === undefined) throw new Error(`step ${step.name} closes an explode, but none is open`);
    const known = fields.get(closed) ?? [];
    fields.set(closed, [...known, ...step.carried.filter((name) => !known.includes(name))]);
  }
  return fields;
}
