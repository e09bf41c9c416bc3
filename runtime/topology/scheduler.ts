/**
 * Decides which worker does which chunk when, as a state machine: events in, commands out, no threads, no clock. The
 * same code runs under the coordinator and under the simulator.
 *
 * Rules (DESIGN section 8). A source starts a chunk only with a ticket of its region, which comes back when every sink
 * of the region has the chunk. A stage starts a chunk only when it holds a place on each of its out-edges, promised
 * together; the promise also says which worker of the next stage will get the chunk, so that a busy worker can send it
 * the moment it is done. Every chunk started is completed exactly once at every stage and sink. Edges into joins,
 * ordered stages and sinks hold all tickets' chunks, so no promise waits for another branch; core tokens are held only
 * by workers that compute: nothing can deadlock.
 */
import { createCoreTokens } from "./core-tokens.ts";
import { capacityOf, fillPlace, hasRoom, promisePlace, releasePlace, takePlaceBack } from "./edge-places.ts";
import { endStages, handleLoaded, handleLost, loadReplica, retireIfIdle, unloadReplica } from "./replica-slots.ts";
import { createState, stagesInOrder, verifyIdle } from "./scheduler-state.ts";
import type { SchedulerState, StageState } from "./scheduler-state.ts";
import { lastNeededChunk } from "./topology.ts";
import type { EdgeNode, StageNode, Topology } from "./topology.ts";

export type SchedulerEvent =
  /** `bytes` of the chunk on each out-edge, in their order. `exhausted`: the stage gives no more rows whatever comes. */
  | { readonly kind: "done"; readonly stage: number; readonly replica: number; readonly incarnation: number; readonly chunk: number; readonly bytes: readonly number[]; readonly exhausted: boolean }
  /** The source has `chunks` chunks; the one asked for is not among them. */
  | { readonly kind: "sourceEnd"; readonly stage: number; readonly chunks: number }
  | { readonly kind: "sinkDone"; readonly sink: number; readonly chunk: number }
  /** A decision to have one worker more or less. */
  | { readonly kind: "load" | "unload"; readonly stage: number }
  /** The worker that a `load` command asked for is there. */
  | { readonly kind: "loaded"; readonly stage: number; readonly replica: number; readonly incarnation: number }
  /** A worker is gone, and somebody keeps what was sent to it. */
  | { readonly kind: "lost"; readonly stage: number; readonly replica: number }
  /** Sources stop: at the end of the group under way, or with what was read. */
  | { readonly kind: "drain"; readonly atOnce: boolean };

export type SchedulerCommand =
  /** Do `chunk` and send what comes of it to these workers (or sinks, replica 0), one for each out-edge. */
  | { readonly kind: "run"; readonly stage: number; readonly replica: number; readonly incarnation: number; readonly chunk: number; readonly to: readonly number[] }
  /** Start a worker for this place. */
  | { readonly kind: "load"; readonly stage: number; readonly replica: number; readonly incarnation: number }
  /** The worker has nothing more to do: let it end. */
  | { readonly kind: "retire"; readonly stage: number; readonly replica: number }
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
  /** Whether a drain ended a region whose source had not said that it was at its end. */
  readonly isCutShort: () => boolean;
  /** Chunks waiting or being worked on, and the most that may be, by edge. */
  readonly edgeFill: () => readonly { readonly held: number; readonly capacity: number; readonly bytes: number }[];
  /** Chunks under way, by region. */
  readonly inFlight: () => readonly number[];
  /** Chunks that the region is through with, those of earlier runs included. */
  readonly completed: (region: number) => number;
  /** Workers there are and workers on their way, by stage. */
  readonly replicas: () => readonly { readonly active: number; readonly loading: number; readonly hasEnded: boolean }[];
  /** Chunks that each stage has done in this run. */
  readonly done: (stage: number) => number;
  readonly coresInUse: () => number;
  /** Throws unless everything promised was given back: our bug otherwise. */
  readonly verifyIdle: () => void;
}

export interface SchedulerOptions {
  /** By region: the first chunk of a run that goes on where another ended. */
  readonly firstChunks?: readonly number[];
  /** By region: whether an earlier run brought it to its end. */
  readonly ended?: readonly boolean[];
  /** Stages that gave their last row in an earlier run. */
  readonly exhausted?: readonly number[];
}

/** Chunks that a worker is told to do ahead: the one at work and one more, so that it never waits to be told. */
const RUNS_AHEAD = 2;

export function createScheduler(topology: Topology, options: SchedulerOptions = {}): Scheduler {
  const order = stagesInOrder(topology);
  const state = createState(topology, order, createCoreTokens(topology.cores, order), options.firstChunks ?? []);
  resumeEnds(state, options);
  const take = (): readonly SchedulerCommand[] => {
    startAll(state);
    return state.commands.splice(0);
  };
  return {
    start: take,
    handle: (event) => {
      handleEvent(state, event);
      return take();
    },
    isFinished: () => state.regions.every((region) => region.finished),
    isCutShort: () => state.regions.some((region) => region.isCutShort),
    edgeFill: () => state.edges.map((edge, id) => ({ held: edge.held, capacity: capacityOf(state, topology.edges[id]), bytes: edge.bytes })),
    inFlight: () => state.regions.map((region) => region.open.size),
    completed: (region) => state.regions[region].completed,
    done: (stage) => state.stages[stage].done,
    replicas: () => state.stages.map(({ slots, ended }) => ({ hasEnded: ended, active: slots.filter((slot) => slot.state === "active").length, loading: slots.filter((slot) => slot.state === "loading" || slot.state === "lost").length })),
    coresInUse: () => topology.cores - state.tokens.free(),
    verifyIdle: () => verifyIdle(state),
  };
}

/** What an earlier run saw the end of is not begun again. */
function resumeEnds(s: SchedulerState, { ended = [], exhausted = [] }: SchedulerOptions): void {
  for (const stage of exhausted) s.exhaustedAt.set(stage, s.regions[s.topology.stages[stage].region].first - 1);
  for (const { id } of s.topology.regions) {
    if (ended[id] === true) stopRegion(s, id);
    else if (exhausted.length > 0) stopIfUseless(s, id);
  }
}

function handleEvent(s: SchedulerState, event: SchedulerEvent): void {
  switch (event.kind) {
    case "done":
      return handleDone(s, event);
    case "sourceEnd":
      return handleSourceEnd(s, s.topology.stages[event.stage], event.chunks);
    case "sinkDone":
      return handleSinkDone(s, event.sink, event.chunk);
    case "load":
      return loadReplica(s, event.stage);
    case "unload":
      return unloadReplica(s, event.stage);
    case "loaded":
      return handleLoaded(s, event.stage, event.replica, event.incarnation);
    case "lost":
      return handleLost(s, s.topology.stages[event.stage], event.replica);
    case "drain":
      for (const { id } of s.topology.regions) drainRegion(s, id, event.atOnce);
  }
}

/** Starts whatever can be started. */
function startAll(s: SchedulerState): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const stage of s.order) {
      let outcome = startNext(s, stage);
      while (outcome === "started") {
        moved = true;
        outcome = startNext(s, stage);
      }
      if (outcome === "nothing" && s.tokens.forget(stage)) moved = true;
    }
  }
}

/** `cores`: something could start, but for want of core tokens. */
type StartOutcome = "started" | "cores" | "nothing";

function startNext(s: SchedulerState, stage: StageNode): StartOutcome {
  return stage.isSource ? startSource(s, stage) : startStage(s, stage);
}

function startSource(s: SchedulerState, stage: StageNode): StartOutcome {
  const region = s.regions[stage.region];
  const { sinks } = s.topology.regions[stage.region];
  if (region.stopped || region.open.size >= region.tickets) return "nothing";
  const chunk = region.next;
  const outcome = tryRun(s, stage, 0, chunk);
  if (outcome !== "started") return outcome;
  region.open.set(chunk, sinks.length);
  region.next++;
  if (region.next >= region.stopAt) stopRegion(s, stage.region);
  return outcome;
}

function startStage(s: SchedulerState, stage: StageNode): StartOutcome {
  const state = s.stages[stage.id];
  let outcome: StartOutcome = "nothing";
  for (const [chunk, run] of state.redo) {
    const tried = tryCompute(s, stage, run.replica);
    if (tried === "started") {
      state.redo.delete(chunk);
      command(s, stage, run.replica, chunk, run.to);
      return tried;
    }
    if (tried === "cores") outcome = tried;
  }
  for (const chunk of byLoad(state)) {
    if (stage.ordered && chunk !== state.nextOrdered) continue;
    const tried = tryRun(s, stage, state.bound.get(chunk)?.replica ?? 0, chunk);
    if (tried === "started") {
      state.ready.delete(chunk);
      if (stage.ordered) state.nextOrdered++;
      return tried;
    }
    if (tried === "cores") outcome = tried;
  }
  return outcome;
}

/** Chunks that can start, first those of the worker with most before it: so all workers come to their end together. */
function byLoad(state: StageState): readonly number[] {
  const loadOf = (chunk: number): number => state.slots[state.bound.get(chunk)?.replica ?? 0].load;
  return [...state.ready].sort((a, b) => loadOf(b) - loadOf(a) || a - b);
}

function tryRun(s: SchedulerState, stage: StageNode, replica: number, chunk: number): StartOutcome {
  const outs = stage.outs.map((id) => s.topology.edges[id]);
  if (!outs.every((edge) => hasRoom(s, edge))) return "nothing";
  const outcome = tryCompute(s, stage, replica);
  if (outcome !== "started") return outcome;
  command(s, stage, replica, chunk, outs.map((edge) => promisePlace(s, edge, chunk)));
  return outcome;
}

/** Whether the worker can be told one thing more; if so, it holds its core tokens. */
function tryCompute(s: SchedulerState, stage: StageNode, replica: number): StartOutcome {
  const slot = s.stages[stage.id].slots[replica];
  const mayWork = slot.state === "active" || slot.state === "retiring";
  if (!mayWork || slot.running >= RUNS_AHEAD) return "nothing";
  const isBusy = slot.running > 0;
  if (!s.tokens.take(stage, isBusy)) return isBusy ? "nothing" : "cores";
  slot.running++;
  return "started";
}

function command(s: SchedulerState, stage: StageNode, replica: number, chunk: number, to: readonly number[]): void {
  const { runs, slots } = s.stages[stage.id];
  runs.set(chunk, { replica, to });
  s.commands.push({ kind: "run", stage: stage.id, replica, incarnation: slots[replica].incarnation, chunk, to });
}

function handleDone(s: SchedulerState, event: Extract<SchedulerEvent, { kind: "done" }>): void {
  const stage = s.topology.stages[event.stage];
  const state = s.stages[event.stage];
  const slot = state.slots[event.replica];
  // A word from a worker that was given up for lost.
  if (event.incarnation !== slot.incarnation) return;
  if (!state.runs.delete(event.chunk)) throw new Error(`stage ${stage.label} did chunk ${event.chunk} twice, or unasked`);
  state.done++;
  endRun(s, stage, event.replica);
  if (!stage.isSource) {
    slot.load--;
    state.bound.delete(event.chunk);
    for (const id of stage.ins) releasePlace(s, id, event.chunk);
  }
  stage.outs.forEach((id, index) => deliver(s, s.topology.edges[id], event.chunk, event.bytes[index]));
  retireIfIdle(s, event.stage, event.replica);
  endStages(s, stage.region);
  if (!event.exhausted || s.exhaustedAt.has(event.stage)) return;
  s.exhaustedAt.set(event.stage, event.chunk);
  stopIfUseless(s, stage.region);
}

function endRun(s: SchedulerState, stage: StageNode, replica: number): void {
  const slot = s.stages[stage.id].slots[replica];
  slot.running--;
  if (slot.running === 0) s.tokens.giveBack(stage);
}

function deliver(s: SchedulerState, edge: EdgeNode, chunk: number, bytes: number): void {
  fillPlace(s, edge.id, chunk, bytes);
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
  stopRegion(s, id);
}

/** Nothing more is read than what was asked for. */
function stopRegion(s: SchedulerState, id: number): void {
  const region = s.regions[id];
  region.stopped = true;
  region.total = region.next;
  endStages(s, id);
  finishIfDone(s, id);
}

function drainRegion(s: SchedulerState, id: number, atOnce: boolean): void {
  const region = s.regions[id];
  if (region.stopped && !(atOnce && region.isCutShort)) return;
  const { groupChunks } = s.topology.regions[id];
  region.isCutShort = true;
  region.stopAt = atOnce ? region.next : Math.ceil(region.next / groupChunks) * groupChunks;
  if (!region.stopped && region.next >= region.stopAt) stopRegion(s, id);
}

function handleSourceEnd(s: SchedulerState, stage: StageNode, chunks: number): void {
  const region = s.regions[stage.region];
  const { runs } = s.stages[stage.id];
  region.stopped = true;
  region.isCutShort = false;
  region.total = chunks;
  for (let chunk = chunks; chunk < region.next; chunk++) {
    if (!runs.delete(chunk)) throw new Error(`chunk ${chunk} lies past the end of its source`);
    region.open.delete(chunk);
    endRun(s, stage, 0);
    for (const id of stage.outs) takePlaceBack(s, s.topology.edges[id], chunk);
  }
  region.next = Math.min(region.next, chunks);
  endStages(s, stage.region);
  finishIfDone(s, stage.region);
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
