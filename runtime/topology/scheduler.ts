/**
 * Decides which worker does which chunk when, as a state machine: events in, commands out, no threads, no clock. The
 * same code runs under the coordinator and under the simulator.
 *
 * Rules (DESIGN section 8). A source starts a chunk only with a ticket of its region, which comes back when every sink
 * of the region has the chunk. A stage starts a chunk only when it holds a place on each of its out-edges, promised
 * together; the promise also says which worker of the next stage will get the chunk, so that a busy worker can send it
 * the moment it is done. Every chunk started is completed exactly once at every stage and sink. Edges into joins,
 * ordered stages and sinks hold all tickets' chunks, so no promise waits for another branch: nothing can deadlock.
 */
import { lastNeededChunk } from "./topology.ts";
import type { EdgeNode, StageNode, Topology } from "./topology.ts";

export type SchedulerEvent =
  /** `bytes` of the chunk on each out-edge, in their order. `exhausted`: the stage gives no more rows whatever comes. */
  | { readonly kind: "done"; readonly stage: number; readonly replica: number; readonly chunk: number; readonly bytes: readonly number[]; readonly exhausted: boolean }
  /** The source has `chunks` chunks; the one asked for is not among them. */
  | { readonly kind: "sourceEnd"; readonly stage: number; readonly chunks: number }
  | { readonly kind: "sinkDone"; readonly sink: number; readonly chunk: number };

export type SchedulerCommand =
  /** Do `chunk` and send what comes of it to these workers (or sinks, replica 0), one for each out-edge. */
  | { readonly kind: "run"; readonly stage: number; readonly replica: number; readonly chunk: number; readonly to: readonly number[] }
  /**
   * All sinks have the chunk. Chunks of a region are completed in order. Not needed: it was read ahead, and no row of
   * it could come to a sink, because a stage before had given its last row.
   */
  | { readonly kind: "completed"; readonly region: number; readonly chunk: number; readonly isNeeded: boolean }
  /** All chunks of the region are completed. */
  | { readonly kind: "finished"; readonly region: number };

export interface Scheduler {
  readonly start: () => readonly SchedulerCommand[];
  readonly handle: (event: SchedulerEvent) => readonly SchedulerCommand[];
  readonly isFinished: () => boolean;
  /** Chunks waiting or being worked on, and the most that may be, by edge. */
  readonly edgeFill: () => readonly { readonly held: number; readonly capacity: number; readonly bytes: number }[];
  /** Chunks under way, by region. */
  readonly inFlight: () => readonly number[];
  /** Throws unless everything promised was given back: our bug otherwise. */
  readonly verifyIdle: () => void;
}

/** Chunks that a worker is told to do ahead: the one at work and one more, so that it never waits to be told. */
const RUNS_AHEAD = 2;

interface StageState {
  /** Chunks promised to or held by this stage: the worker each is bound to, and how many in-edges delivered it. */
  readonly bound: Map<number, { readonly replica: number; arrived: number }>;
  /** Chunks whose inputs are all there and that were not started, in order. */
  readonly ready: Set<number>;
  /** Started and not done, for each worker. */
  readonly running: number[];
  /** Bound and not done, for each worker. */
  readonly load: number[];
  nextOrdered: number;
}

interface EdgeState {
  held: number;
  bytes: number;
  largest: number;
  readonly bytesOf: Map<number, number>;
}

interface RegionState {
  next: number;
  /** How many chunks there are, once known. */
  total: number | undefined;
  stopped: boolean;
  /** Chunks reported as completed: all below this number. */
  completed: number;
  /** Chunks that all sinks have, not reported yet. */
  readonly through: Set<number>;
  /** By chunk: sinks that have yet to take it. */
  readonly open: Map<number, number>;
  /** The last chunk that can bring rows to a sink. */
  lastNeeded: number;
  finished: boolean;
}

interface SchedulerState {
  readonly topology: Topology;
  readonly stages: readonly StageState[];
  readonly edges: readonly EdgeState[];
  readonly regions: readonly RegionState[];
  /** The chunk after which a stage gives no more rows, by stage. */
  readonly exhaustedAt: Map<number, number>;
  /** Stages nearest the sinks first: they make room for the others. */
  readonly order: readonly StageNode[];
  /** A sink's word can come before that of the worker that sent it the chunk: it waits here, by sink and chunk. */
  readonly early: Set<string>;
  /** Chunks started and not done, by stage and chunk. */
  readonly started: Set<string>;
  readonly commands: SchedulerCommand[];
}

export function createScheduler(topology: Topology): Scheduler {
  const state = createState(topology);
  const take = (): readonly SchedulerCommand[] => {
    startAll(state);
    return state.commands.splice(0);
  };
  return {
    start: take,
    handle: (event) => {
      if (event.kind === "done") handleDone(state, event);
      else if (event.kind === "sourceEnd") handleSourceEnd(state, topology.stages[event.stage], event.chunks);
      else handleSinkDone(state, event.sink, event.chunk);
      return take();
    },
    isFinished: () => state.regions.every((region) => region.finished),
    edgeFill: () => state.edges.map((edge, id) => ({ held: edge.held, capacity: topology.edges[id].capacity, bytes: edge.bytes })),
    inFlight: () => state.regions.map((region) => region.open.size),
    verifyIdle: () => verifyIdle(state),
  };
}

function createState(topology: Topology): SchedulerState {
  return {
    topology,
    stages: topology.stages.map(({ replicas }) => ({ bound: new Map(), ready: new Set(), running: zeros(replicas), load: zeros(replicas), nextOrdered: 0 })),
    edges: topology.edges.map(() => ({ held: 0, bytes: 0, largest: 0, bytesOf: new Map() })),
    regions: topology.regions.map(() => ({ next: 0, total: undefined, stopped: false, completed: 0, through: new Set(), open: new Map(), lastNeeded: Infinity, finished: false })),
    exhaustedAt: new Map(),
    order: [...topology.stages].sort((a, b) => depth(topology, a) - depth(topology, b) || a.id - b.id),
    early: new Set(),
    started: new Set(),
    commands: [],
  };
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

/** Stages between this one and the farthest sink. */
function depth(topology: Topology, stage: StageNode): number {
  return Math.max(0, ...stage.outs.map((id) => {
    const { to } = topology.edges[id];
    return to.kind === "sink" ? 0 : 1 + depth(topology, topology.stages[to.stage]);
  }));
}

/** Starts whatever can be started. */
function startAll(s: SchedulerState): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const stage of s.order) while (stage.isSource ? startSource(s, stage) : startStage(s, stage)) moved = true;
  }
}

function startSource(s: SchedulerState, stage: StageNode): boolean {
  const region = s.regions[stage.region];
  const { tickets, sinks } = s.topology.regions[stage.region];
  if (region.stopped || region.open.size >= tickets || !tryRun(s, stage, 0, region.next)) return false;
  region.open.set(region.next, sinks.length);
  region.next++;
  return true;
}

function startStage(s: SchedulerState, stage: StageNode): boolean {
  const state = s.stages[stage.id];
  for (const chunk of state.ready) {
    if (stage.ordered && chunk !== state.nextOrdered) continue;
    if (!tryRun(s, stage, state.bound.get(chunk)?.replica ?? 0, chunk)) continue;
    state.ready.delete(chunk);
    if (stage.ordered) state.nextOrdered++;
    return true;
  }
  return false;
}

function tryRun(s: SchedulerState, stage: StageNode, replica: number, chunk: number): boolean {
  const outs = stage.outs.map((id) => s.topology.edges[id]);
  const { running } = s.stages[stage.id];
  if (running[replica] >= RUNS_AHEAD || !outs.every((edge) => hasRoom(s, edge))) return false;
  const to = outs.map((edge) => promisePlace(s, edge, chunk));
  running[replica]++;
  s.started.add(`${stage.id}:${chunk}`);
  s.commands.push({ kind: "run", stage: stage.id, replica, chunk, to });
  return true;
}

function hasRoom(s: SchedulerState, edge: EdgeNode): boolean {
  const state = s.edges[edge.id];
  if (state.held === 0) return true;
  // Promised chunks count as the largest seen so far.
  const promised = state.held - state.bytesOf.size;
  return state.held < edge.capacity && state.bytes + (promised + 1) * state.largest <= edge.bytesMax;
}

/** Takes a place on the edge; gives the worker at its end that the chunk is bound to. */
function promisePlace(s: SchedulerState, edge: EdgeNode, chunk: number): number {
  s.edges[edge.id].held++;
  if (edge.to.kind === "sink") return 0;
  const state = s.stages[edge.to.stage];
  const known = state.bound.get(chunk);
  if (known !== undefined) return known.replica;
  const replica = state.load.indexOf(Math.min(...state.load));
  state.load[replica]++;
  state.bound.set(chunk, { replica, arrived: 0 });
  return replica;
}

function handleDone(s: SchedulerState, event: Extract<SchedulerEvent, { kind: "done" }>): void {
  const stage = s.topology.stages[event.stage];
  const state = s.stages[event.stage];
  if (!s.started.delete(`${event.stage}:${event.chunk}`)) throw new Error(`stage ${stage.label} did chunk ${event.chunk} twice, or unasked`);
  state.running[event.replica]--;
  if (!stage.isSource) {
    state.load[event.replica]--;
    state.bound.delete(event.chunk);
    for (const id of stage.ins) releasePlace(s, id, event.chunk);
  }
  stage.outs.forEach((id, index) => deliver(s, s.topology.edges[id], event.chunk, event.bytes[index]));
  if (!event.exhausted || s.exhaustedAt.has(event.stage)) return;
  s.exhaustedAt.set(event.stage, event.chunk);
  stopIfUseless(s, stage.region);
}

function releasePlace(s: SchedulerState, edge: number, chunk: number): void {
  const state = s.edges[edge];
  state.held--;
  state.bytes -= state.bytesOf.get(chunk) ?? 0;
  state.bytesOf.delete(chunk);
}

function deliver(s: SchedulerState, edge: EdgeNode, chunk: number, bytes: number): void {
  const state = s.edges[edge.id];
  state.bytesOf.set(chunk, bytes);
  state.bytes += bytes;
  state.largest = Math.max(state.largest, bytes);
  const { to } = edge;
  if (to.kind === "sink") {
    if (s.early.delete(`${to.sink}:${chunk}`)) handleSinkDone(s, to.sink, chunk);
    return;
  }
  const bound = s.stages[to.stage].bound.get(chunk);
  if (bound === undefined) throw new Error(`chunk ${chunk} came to stage ${to.stage} unpromised`);
  bound.arrived++;
  if (bound.arrived === s.topology.stages[to.stage].ins.length) s.stages[to.stage].ready.add(chunk);
}

/** Reading on is no use once every way from the source leads through a stage that gives nothing more. */
function stopIfUseless(s: SchedulerState, id: number): void {
  const region = s.regions[id];
  region.lastNeeded = lastNeededChunk(s.topology, s.exhaustedAt, s.topology.regions[id].source);
  if (region.stopped || region.lastNeeded === Infinity) return;
  region.stopped = true;
  region.total = region.next;
  finishIfDone(s, id);
}

function handleSourceEnd(s: SchedulerState, stage: StageNode, chunks: number): void {
  const region = s.regions[stage.region];
  region.stopped = true;
  region.total = chunks;
  for (let chunk = chunks; chunk < region.next; chunk++) {
    if (!s.started.delete(`${stage.id}:${chunk}`)) throw new Error(`chunk ${chunk} lies past the end of its source`);
    region.open.delete(chunk);
    s.stages[stage.id].running[0]--;
    for (const id of stage.outs) takePlaceBack(s, s.topology.edges[id], chunk);
  }
  region.next = Math.min(region.next, chunks);
  finishIfDone(s, stage.region);
}

/** A promise that nothing came of. */
function takePlaceBack(s: SchedulerState, edge: EdgeNode, chunk: number): void {
  s.edges[edge.id].held--;
  if (edge.to.kind === "sink") return;
  const state = s.stages[edge.to.stage];
  const bound = state.bound.get(chunk);
  if (bound === undefined) return;
  state.load[bound.replica]--;
  state.bound.delete(chunk);
}

function handleSinkDone(s: SchedulerState, sink: number, chunk: number): void {
  const { edge, region: id } = s.topology.sinks[sink];
  if (!s.edges[edge].bytesOf.has(chunk)) {
    s.early.add(`${sink}:${chunk}`);
    return;
  }
  releasePlace(s, edge, chunk);
  const region = s.regions[id];
  const left = (region.open.get(chunk) ?? 0) - 1;
  if (left < 0) throw new Error(`sink ${sink} took chunk ${chunk} twice, or unasked`);
  region.open.set(chunk, left);
  if (left > 0) return;
  region.open.delete(chunk);
  region.through.add(chunk);
  // Words of different workers may overtake each other: chunks are reported in order all the same.
  while (region.through.delete(region.completed)) {
    s.commands.push({ kind: "completed", region: id, chunk: region.completed, isNeeded: region.completed <= region.lastNeeded });
    region.completed++;
  }
  finishIfDone(s, id);
}

function finishIfDone(s: SchedulerState, id: number): void {
  const region = s.regions[id];
  if (region.finished || region.total === undefined || region.completed < region.total) return;
  region.finished = true;
  s.commands.push({ kind: "finished", region: id });
}

function verifyIdle(s: SchedulerState): void {
  const areEdgesEmpty = s.edges.every((edge) => edge.held === 0 && edge.bytes === 0);
  const areStagesIdle = s.stages.every((stage) => stage.bound.size === 0 && stage.load.every((load) => load === 0));
  const areTicketsBack = s.regions.every((region) => region.open.size === 0);
  if (!areEdgesEmpty || !areStagesIdle || !areTicketsBack || s.started.size > 0 || s.early.size > 0) throw new Error("places or tickets were not given back");
}
