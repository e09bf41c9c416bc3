/**
 * Decides which worker does which chunk when, as a state machine: events in, commands out, no threads, no clock. The
 * same code runs under the coordinator and under the simulator.
 *
 * A source starts a chunk only with a ticket of its region, which comes back when every sink
 * of the region has the chunk. A stage starts a chunk only when it holds a place on each of its out-edges, promised
 * together; the promise also says which worker of the next stage will get the chunk, so that a busy worker can send it
 * the moment it is done. Every chunk started is completed exactly once at every stage and sink. Edges into joins,
 * ordered stages and sinks hold all tickets' chunks, so no promise waits for another branch; core tokens are held only
 * by workers that compute: nothing can deadlock.
 *
 * A chunk may move in parts (`contract/stage-parts.ts`). A stage that cuts is told to take the chunk in, and then to give
 * part after part, each with its own places; a stage that takes parts does each as it comes; where they come together nothing waits for room, so
 * that the parts of one chunk never wait for those of another. All parts of a chunk go to one worker of a stage, in order.
 */
import { BEGINNING } from "../contract/stage-parts.ts";
import { createCoreTokens } from "./core-tokens.ts";
import { capacityOf, fillPlace, firstPart, releasePlace } from "./edge-places.ts";
import { drainRegion, handleSinkDone, handleSourceEnd, resumeEnds, stopIfUseless } from "./region-ends.ts";
import type { RegionEnds } from "./region-ends.ts";
import { endRun, endStages, handleLoaded, isOnItsWay, loadReplica, retireIfIdle, unloadReplica } from "./replica-slots.ts";
import { boundOf, createState, stagesInOrder, takeUnit, verifyIdle } from "./scheduler-state.ts";
import type { SchedulerState, Slot, Unit } from "./scheduler-state.ts";
import { startAll } from "./start-units.ts";
import type { EdgeNode, StageNode, Topology } from "./topology.ts";

export type SchedulerEvent =
  /**
   * `bytes` of the part on each out-edge, in their order. `isLast`: of the chunk's parts. `exhausted`: the stage gives no
   * more rows whatever comes. `busyMs`: how long it took, where that is known.
   */
  | { readonly kind: "done"; readonly stage: number; readonly replica: number; readonly incarnation: number; readonly chunk: number; readonly part: number; readonly isLast: boolean; readonly bytes: readonly number[]; readonly exhausted: boolean; readonly busyMs?: number }
  /** The source has `chunks` chunks; the one asked for is not among them. */
  | { readonly kind: "sourceEnd"; readonly stage: number; readonly chunks: number }
  | { readonly kind: "sinkDone"; readonly sink: number; readonly chunk: number }
  /** A decision to have one worker more or less. */
  | { readonly kind: "load" | "unload"; readonly stage: number }
  /** A worker is there: one that the run begins with, or that a `load` command asked for. A source begins to read then. */
  | { readonly kind: "loaded"; readonly stage: number; readonly replica: number; readonly incarnation: number }
  /** Sources stop: at the end of the group under way, or with what was read. */
  | { readonly kind: "drain"; readonly atOnce: boolean };

export type SchedulerCommand =
  /**
   * Do this part of `chunk` (a stage that cuts: take the chunk in, then give the part), or all of it where the stage takes
   * it whole, and send what comes
   * of it to these workers (or sinks, replica 0), one for each out-edge.
   */
  | { readonly kind: "run"; readonly stage: number; readonly replica: number; readonly chunk: number; readonly part: number; readonly to: readonly number[] }
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
  readonly handle: (event: SchedulerEvent) => readonly SchedulerCommand[];
  readonly isFinished: () => boolean;
  /** Whether a drain ended the region before its source said that it was at its end. */
  readonly isCutShort: (region: number) => boolean;
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
  /** One more than there are while a quick stage works beside slow ones. */
  readonly coresInUse: () => number;
  /** Throws unless everything promised was given back: our bug otherwise. */
  readonly verifyIdle: () => void;
}

/** Of a run that goes on where another ended. */
export interface SchedulerOptions extends RegionEnds {
  /** By region. */
  readonly firstChunks?: readonly number[];
}

export function createScheduler(topology: Topology, options: SchedulerOptions = {}): Scheduler {
  const order = stagesInOrder(topology);
  const tokens = createCoreTokens(topology.cores, order, ({ id }) => countSlots(state.stages[id].slots, isAtWork));
  const state = createState(topology, order, tokens, options.firstChunks ?? []);
  resumeEnds(state, options);
  return {
    handle: (event) => {
      handleEvent(state, event);
      startAll(state);
      return state.commands.splice(0);
    },
    isFinished: () => state.regions.every((region) => region.finished),
    isCutShort: (region) => state.regions[region].isCutShort,
    edgeFill: () => state.edges.map((edge, id) => ({ held: edge.held, capacity: capacityOf(state, topology.edges[id]), bytes: edge.bytes })),
    inFlight: () => state.regions.map((region) => region.open.size),
    completed: (region) => state.regions[region].completed,
    done: (stage) => state.stages[stage].done,
    replicas: () => state.stages.map(({ slots, ended }) => ({ hasEnded: ended, active: countSlots(slots, ({ state: now }) => now === "active"), loading: countSlots(slots, isOnItsWay) })),
    coresInUse: () => topology.cores - state.tokens.free(),
    verifyIdle: () => verifyIdle(state),
  };
}

/** Whether chunks are bound to it, or it has some left to do. */
function isAtWork({ state }: Slot): boolean {
  return state !== "empty" && state !== "loading";
}

function countSlots(slots: readonly Slot[], isMeant: (slot: Slot) => boolean): number {
  let count = 0;
  for (const slot of slots) if (isMeant(slot)) count++;
  return count;
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
    case "drain":
      for (const { id } of s.topology.regions) drainRegion(s, id, event.atOnce);
  }
}

function handleDone(s: SchedulerState, event: Extract<SchedulerEvent, { kind: "done" }>): void {
  const stage = s.topology.stages[event.stage];
  const state = s.stages[event.stage];
  const slot = state.slots[event.replica];
  // A word from a worker that had this place before.
  if (event.incarnation !== slot.incarnation) return;
  if (!takeUnit(state.runs, event.chunk, event.part)) throw new Error(`stage ${stage.label} did part ${event.part} of chunk ${event.chunk} twice, or unasked`);
  if (event.busyMs !== undefined) s.tokens.noteService(stage, event.busyMs);
  endRun(s, stage, event.replica);
  if (stage.takesParts) slot.parts--;
  if (event.isLast) endChunk(s, stage, event);
  // What was taken stays until all that comes of it was given.
  if (stage.takesParts || event.isLast) for (const edge of state.ins) releasePlace(s, edge, event);
  else state.ready.push({ chunk: event.chunk, part: event.part + 1 });
  if (event.part !== BEGINNING) state.outs.forEach((edge, index) => deliver(s, edge, event, event.bytes[index]));
  retireIfIdle(s, event.stage, event.replica);
  endStages(s, stage.region);
  if (!event.exhausted || s.exhaustedAt.has(event.stage)) return;
  s.exhaustedAt.set(event.stage, event.chunk);
  stopIfUseless(s, stage.region);
}

function endChunk(s: SchedulerState, stage: StageNode, { chunk, replica }: Extract<SchedulerEvent, { kind: "done" }>): void {
  const state = s.stages[stage.id];
  state.done++;
  state.slots[replica].open = undefined;
  if (stage.isSource) return;
  state.slots[replica].load--;
  state.bound.delete(chunk);
}

function deliver(s: SchedulerState, edge: EdgeNode, unit: Unit & { readonly isLast: boolean }, bytes: number): void {
  const { chunk, part, isLast } = unit;
  fillPlace(s, edge, unit, bytes, isLast);
  const { to } = edge;
  if (to.kind === "sink") {
    if (isLast && s.early[to.sink].delete(chunk)) handleSinkDone(s, to.sink, chunk);
    return;
  }
  const state = s.stages[to.stage];
  const stage = s.topology.stages[to.stage];
  const bound = boundOf(s, stage, chunk);
  if (isLast) bound.arrived++;
  if (stage.takesParts) state.ready.push({ chunk, part });
  else if (isLast && bound.arrived === stage.ins.length) state.ready.push({ chunk, part: firstPart(stage) });
}
