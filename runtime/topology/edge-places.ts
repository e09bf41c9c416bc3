/**
 * Places on edges. A stage starts a chunk only with a place on each of its out-edges; the place comes with the worker
 * at the edge's end that the chunk is bound to, and is given back when that worker has done it.
 */
import type { SchedulerState, Slot } from "./scheduler-state.ts";
import type { EdgeNode } from "./topology.ts";

/** From a source, for each worker: the one at work and the next. */
const CHUNKS_AHEAD = 2;

export function hasRoom(s: SchedulerState, edge: EdgeNode): boolean {
  const state = s.edges[edge.id];
  if (state.held === 0) return true;
  // Promised chunks count as the largest seen so far.
  const promised = state.held - state.bytesOf.size;
  return state.held < capacityOf(s, edge) && state.bytes + (promised + 1) * state.largest <= edge.bytesMax;
}

/** What the replicas there are can take; edges that hold all tickets always hold as many. */
export function capacityOf(s: SchedulerState, edge: EdgeNode): number {
  if (edge.to.kind === "sink" || edge.holdsTickets) return edge.capacity;
  const { slots } = s.stages[edge.to.stage];
  const workers = slots.filter(mayBind).length;
  // What waits is bound to workers: more than their share could not go to those that are loaded later.
  const share = Math.ceil((edge.capacity * workers) / slots.length);
  // A source is quick to give the next: what it has bound to a busy worker is no use to one that is idle.
  const ahead = s.topology.stages[edge.fromStage].isSource ? CHUNKS_AHEAD * workers : Infinity;
  return Math.max(1, Math.min(share, ahead));
}

function mayBind(slot: Slot): boolean {
  return slot.state === "active" || slot.state === "lost";
}

/** Takes a place on the edge; gives the worker at its end that the chunk is bound to: the one with least before it. */
export function promisePlace(s: SchedulerState, edge: EdgeNode, chunk: number): number {
  s.edges[edge.id].held++;
  if (edge.to.kind === "sink") return 0;
  const state = s.stages[edge.to.stage];
  const known = state.bound.get(chunk);
  if (known !== undefined) return known.replica;
  const least = Math.min(...state.slots.map((slot) => (mayBind(slot) ? slot.load : Infinity)));
  const replica = state.slots.findIndex((slot) => mayBind(slot) && slot.load === least);
  if (replica < 0) throw new Error(`stage ${edge.to.stage} has no worker to promise a chunk to`);
  state.slots[replica].load++;
  state.bound.set(chunk, { replica, arrived: 0 });
  return replica;
}

export function releasePlace(s: SchedulerState, edge: number, chunk: number): void {
  const state = s.edges[edge];
  state.held--;
  state.bytes -= state.bytesOf.get(chunk) ?? 0;
  state.bytesOf.delete(chunk);
}

/** The chunk lies on the edge now. */
export function fillPlace(s: SchedulerState, edge: number, chunk: number, bytes: number): void {
  const state = s.edges[edge];
  state.bytesOf.set(chunk, bytes);
  state.bytes += bytes;
  state.largest = Math.max(state.largest, bytes);
}

/** A promise that nothing came of. */
export function takePlaceBack(s: SchedulerState, edge: EdgeNode, chunk: number): void {
  s.edges[edge.id].held--;
  if (edge.to.kind === "sink") return;
  const state = s.stages[edge.to.stage];
  const bound = state.bound.get(chunk);
  if (bound === undefined) return;
  state.slots[bound.replica].load--;
  state.bound.delete(chunk);
}
