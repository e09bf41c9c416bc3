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
  /** All sinks have the chunk. Chunks of a region are completed in order. */
  | { readonly kind: "completed"; readonly region: number; readonly chunk: number }
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
  readonly load: number[];
  nextOrdered: number;
  exhausted: boolean;
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
  finished: boolean;
}

export function createScheduler(topology: Topology): Scheduler {
  const stages = topology.stages.map((stage): StageState => ({
    bound: new Map(),
    ready: new Set(),
    running: Array.from({ length: stage.replicas }, () => 0),
    load: Array.from({ length: stage.replicas }, () => 0),
    nextOrdered: 0,
    exhausted: false,
  }));
  const edges = topology.edges.map((): EdgeState => ({ held: 0, bytes: 0, largest: 0, bytesOf: new Map() }));
  const regions = topology.regions.map((): RegionState => ({ next: 0, total: undefined, stopped: false, completed: 0, through: new Set(), open: new Map(), finished: false }));
  // A sink's word can come before that of the worker that sent it the chunk: it waits here, by sink and chunk.
  const early = new Set<string>();
  // What a started chunk was promised, until it is done.
  const promises = new Map<string, readonly number[]>();
  // Stages nearest the sinks first: they make room for the others.
  const order = [...topology.stages].sort((a, b) => depth(topology, a) - depth(topology, b) || a.id - b.id);
  let commands: SchedulerCommand[] = [];

  const isOpen = (edge: EdgeNode): boolean => {
    const state = edges[edge.id];
    if (state.held === 0) return true;
    // Promised chunks count as the largest seen so far.
    const promised = state.held - state.bytesOf.size;
    return state.held < edge.capacity && state.bytes + (promised + 1) * state.largest <= edge.bytesMax;
  };

  const promise = (edge: EdgeNode, chunk: number): number => {
    edges[edge.id].held++;
    if (edge.to.kind === "sink") return 0;
    const state = stages[edge.to.stage];
    const known = state.bound.get(chunk);
    if (known !== undefined) return known.replica;
    const replica = leastLoaded(state.load);
    state.load[replica]++;
    state.bound.set(chunk, { replica, arrived: 0 });
    return replica;
  };

  const tryRun = (stage: StageNode, replica: number, chunk: number): boolean => {
    const outs = stage.outs.map((id) => topology.edges[id]);
    if (stages[stage.id].running[replica] >= RUNS_AHEAD || !outs.every(isOpen)) return false;
    const to = outs.map((edge) => promise(edge, chunk));
    stages[stage.id].running[replica]++;
    promises.set(`${stage.id}:${chunk}`, to);
    commands.push({ kind: "run", stage: stage.id, replica, chunk, to });
    return true;
  };

  const startSource = (stage: StageNode): boolean => {
    const region = regions[stage.region];
    const { tickets, sinks } = topology.regions[stage.region];
    if (region.stopped || region.open.size >= tickets || !tryRun(stage, 0, region.next)) return false;
    region.open.set(region.next, sinks.length);
    region.next++;
    return true;
  };

  const startStage = (stage: StageNode): boolean => {
    const state = stages[stage.id];
    for (const chunk of state.ready) {
      if (stage.ordered && chunk !== state.nextOrdered) continue;
      if (!tryRun(stage, state.bound.get(chunk)?.replica ?? 0, chunk)) continue;
      state.ready.delete(chunk);
      if (stage.ordered) state.nextOrdered++;
      return true;
    }
    return false;
  };

  const pump = (): void => {
    for (let moved = true; moved; ) {
      moved = false;
      for (const stage of order) while (stage.isSource ? startSource(stage) : startStage(stage)) moved = true;
    }
  };

  const releaseEdge = (id: number, chunk: number): void => {
    const state = edges[id];
    state.held--;
    state.bytes -= state.bytesOf.get(chunk) ?? 0;
    state.bytesOf.delete(chunk);
  };

  const deliver = (edge: EdgeNode, chunk: number, bytes: number): void => {
    const state = edges[edge.id];
    state.bytesOf.set(chunk, bytes);
    state.bytes += bytes;
    state.largest = Math.max(state.largest, bytes);
    if (edge.to.kind === "sink") {
      if (early.delete(`${edge.to.sink}:${chunk}`)) handleSinkDone(edge.to.sink, chunk);
      return;
    }
    const bound = stages[edge.to.stage].bound.get(chunk);
    if (bound === undefined) throw new Error(`chunk ${chunk} came to stage ${edge.to.stage} unpromised`);
    bound.arrived++;
    if (bound.arrived === topology.stages[edge.to.stage].ins.length) stages[edge.to.stage].ready.add(chunk);
  };

  const handleDone = (event: Extract<SchedulerEvent, { kind: "done" }>): void => {
    const stage = topology.stages[event.stage];
    const state = stages[event.stage];
    if (!promises.delete(`${event.stage}:${event.chunk}`)) throw new Error(`stage ${stage.label} did chunk ${event.chunk} twice, or unasked`);
    state.running[event.replica]--;
    if (!stage.isSource) {
      state.load[event.replica]--;
      state.bound.delete(event.chunk);
      for (const id of stage.ins) releaseEdge(id, event.chunk);
    }
    stage.outs.forEach((id, index) => deliver(topology.edges[id], event.chunk, event.bytes[index]));
    if (event.exhausted && !state.exhausted) {
      state.exhausted = true;
      stopIfUseless(stage.region);
    }
  };

  /** Reading on is no use once every way from the source leads through a stage that gives nothing more. */
  const stopIfUseless = (id: number): void => {
    const isDead = (stage: StageNode): boolean =>
      stages[stage.id].exhausted || stage.outs.every((out) => {
        const { to } = topology.edges[out];
        return to.kind === "stage" && isDead(topology.stages[to.stage]);
      });
    const region = regions[id];
    if (region.stopped || !isDead(topology.stages[topology.regions[id].source])) return;
    region.stopped = true;
    region.total = region.next;
    finishIfDone(id);
  };

  const handleSourceEnd = (stage: StageNode, chunks: number): void => {
    const region = regions[stage.region];
    region.stopped = true;
    region.total = chunks;
    for (let chunk = chunks; chunk < region.next; chunk++) {
      if (!promises.delete(`${stage.id}:${chunk}`)) throw new Error(`chunk ${chunk} lies past the end of its source`);
      region.open.delete(chunk);
      stages[stage.id].running[0]--;
      for (const id of stage.outs) takeBack(topology.edges[id], chunk);
    }
    region.next = Math.min(region.next, chunks);
    finishIfDone(stage.region);
  };

  const takeBack = (edge: EdgeNode, chunk: number): void => {
    edges[edge.id].held--;
    if (edge.to.kind === "sink") return;
    const state = stages[edge.to.stage];
    const bound = state.bound.get(chunk);
    if (bound === undefined) return;
    state.load[bound.replica]--;
    state.bound.delete(chunk);
  };

  const handleSinkDone = (sink: number, chunk: number): void => {
    const { edge, region: id } = topology.sinks[sink];
    if (!edges[edge].bytesOf.has(chunk)) {
      early.add(`${sink}:${chunk}`);
      return;
    }
    releaseEdge(edge, chunk);
    const region = regions[id];
    const left = (region.open.get(chunk) ?? 0) - 1;
    if (left < 0) throw new Error(`sink ${sink} took chunk ${chunk} twice, or unasked`);
    region.open.set(chunk, left);
    if (left > 0) return;
    region.open.delete(chunk);
    region.through.add(chunk);
    // Words of different workers may overtake each other: chunks are reported in order all the same.
    while (region.through.delete(region.completed)) commands.push({ kind: "completed", region: id, chunk: region.completed++ });
    finishIfDone(id);
  };

  const finishIfDone = (id: number): void => {
    const region = regions[id];
    if (region.finished || region.total === undefined || region.completed < region.total) return;
    region.finished = true;
    commands.push({ kind: "finished", region: id });
  };

  const take = (): readonly SchedulerCommand[] => {
    pump();
    const taken = commands;
    commands = [];
    return taken;
  };

  return {
    start: take,
    handle: (event) => {
      if (event.kind === "done") handleDone(event);
      else if (event.kind === "sourceEnd") handleSourceEnd(topology.stages[event.stage], event.chunks);
      else handleSinkDone(event.sink, event.chunk);
      return take();
    },
    isFinished: () => regions.every((region) => region.finished),
    edgeFill: () => edges.map((edge, id) => ({ held: edge.held, capacity: topology.edges[id].capacity, bytes: edge.bytes })),
    inFlight: () => regions.map((region) => region.open.size),
    verifyIdle: () => {
      const isIdle = edges.every((edge) => edge.held === 0 && edge.bytes === 0) && promises.size === 0 && regions.every((region) => region.open.size === 0);
      if (!isIdle || stages.some((stage) => stage.bound.size > 0 || stage.load.some((load) => load !== 0))) throw new Error("places or tickets were not given back");
    },
  };
}

function leastLoaded(load: readonly number[]): number {
  return load.indexOf(Math.min(...load));
}

/** Stages between this one and the farthest sink. */
function depth(topology: Topology, stage: StageNode): number {
  return Math.max(0, ...stage.outs.map((id) => {
    const { to } = topology.edges[id];
    return to.kind === "sink" ? 0 : 1 + depth(topology, topology.stages[to.stage]);
  }));
}
