/**
 * Places on edges. A stage starts a chunk, or the next part of one, only with a place on each of its out-edges; the place
 * comes with the worker at the edge's end that the chunk is bound to, and is given back when that worker has done it.
 * Edges into stages that take parts have a place for each, others one for the whole chunk, however many parts come.
 */
import { BEGINNING } from "../contract/stage-parts.ts";
import { indexOfUnit, removeAt } from "./scheduler-state.ts";
import type { EdgeState, FilledPlace, SchedulerState, Slot, Unit } from "./scheduler-state.ts";
import type { EdgeNode, StageNode } from "./topology.ts";

/** From a source, for each worker: the one at work and the next. */
const CHUNKS_AHEAD = 2;

export function hasRoom(s: SchedulerState, edge: EdgeNode, { chunk, part }: Unit): boolean {
  const state = s.edges[edge.id];
  if (state.held === 0 || !isNewPlace(s, edge, part)) return true;
  // Promised chunks count as the largest seen so far.
  const promised = state.held - state.filled.length;
  const hasPlace = edge.to.kind === "stage" && hasShares(s, edge) ? takerOf(s, edge, edge.to.stage, chunk) !== undefined : state.held < capacityOf(s, edge);
  return hasPlace && state.bytes + (promised + 1) * state.largest <= edge.bytesMax;
}

/**
 * Where parts are taken each worker has a share of the places, since those of chunks bound to one would soon hold all of
 * them. A chunk is begun within its worker's share; what no worker there is has a share in goes to chunks that have begun.
 */
function hasShares(s: SchedulerState, edge: EdgeNode): boolean {
  return edge.inParts && takesParts(s, edge);
}

function takesParts(s: SchedulerState, { to }: EdgeNode): boolean {
  return to.kind === "stage" && s.topology.stages[to.stage].takesParts;
}

/** The worker that the chunk, or its next part, would go to if it has room: of those that may be chosen the one with least before it. */
function takerOf(s: SchedulerState, edge: EdgeNode, stage: number, chunk: number): number | undefined {
  const { slots, bound } = s.stages[stage];
  const known = bound.get(chunk);
  if (!hasShares(s, edge)) return known?.replica ?? leastLoaded(slots, Infinity);
  const share = Math.floor(edge.capacity / slots.length);
  if (s.edges[edge.id].held >= edge.capacity) return undefined;
  if (known === undefined) return leastLoaded(slots, share);
  const slot = slots[known.replica];
  return slot.parts < share + lentTo(slot, slots, edge.capacity, share) ? known.replica : undefined;
}

/** Places that are neither its own nor another's. */
function lentTo(slot: Slot, slots: readonly Slot[], capacity: number, share: number): number {
  let left = capacity - share;
  for (const other of slots) if (other !== slot && mayBind(other)) left -= Math.max(share, other.parts);
  return Math.max(0, left);
}

/** Of those that have fewer parts before them than `partsMax`. */
function leastLoaded(slots: readonly Slot[], partsMax: number): number | undefined {
  let least: number | undefined;
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index];
    if (mayBind(slot) && slot.parts < partsMax && (least === undefined || slot.load < slots[least].load)) least = index;
  }
  return least;
}

/** What the replicas there are can take; edges that hold all tickets, or have shares, always hold as many. */
export function capacityOf(s: SchedulerState, edge: EdgeNode): number {
  if (edge.to.kind === "sink" || edge.holdsTickets || hasShares(s, edge)) return edge.capacity;
  const { slots } = s.stages[edge.to.stage];
  let [workers, opening] = [0, 0];
  for (const slot of slots) {
    if (mayBind(slot)) workers++;
    if (slot.state === "opening") opening++;
  }
  // To load takes cores as well: what is made ahead of those that load, but for a chunk each, would only keep them from it.
  if (opening > 0 && opening >= s.tokens.free()) return workers;
  // What waits is bound to workers: more than their share could not go to those that are loaded later.
  const share = Math.ceil((edge.capacity * workers) / slots.length);
  // A source is quick to give the next: what it has bound to a busy worker is no use to one that is idle.
  const ahead = s.topology.stages[edge.fromStage].isSource ? CHUNKS_AHEAD * workers : Infinity;
  return Math.max(1, Math.min(share, ahead));
}

function mayBind({ state }: Slot): boolean {
  return state === "active" || state === "opening";
}

/** The part that a place on the edge is named for: where parts come together, the first takes the place of the whole chunk. */
function placeOf(s: SchedulerState, edge: EdgeNode, part: number): number {
  return takesParts(s, edge) ? part : 0;
}

function isNewPlace(s: SchedulerState, edge: EdgeNode, part: number): boolean {
  return part === 0 || takesParts(s, edge);
}

/** What a stage does first of a chunk. */
export function firstPart({ cutsParts }: StageNode): number {
  return cutsParts ? BEGINNING : 0;
}

/** Takes a place on the edge; gives the worker at its end that the chunk is bound to: the one with least before it. */
export function promisePlace(s: SchedulerState, edge: EdgeNode, { chunk, part }: Unit): number {
  if (isNewPlace(s, edge, part)) s.edges[edge.id].held++;
  if (edge.to.kind === "sink") return 0;
  const replica = bind(s, edge, edge.to.stage, chunk);
  if (takesParts(s, edge)) s.stages[edge.to.stage].slots[replica].parts++;
  return replica;
}

function bind(s: SchedulerState, edge: EdgeNode, stage: number, chunk: number): number {
  const { slots, bound } = s.stages[stage];
  const known = bound.get(chunk);
  if (known !== undefined) return known.replica;
  // Where nothing is on the edge there is room, whatever the shares.
  const replica = takerOf(s, edge, stage, chunk) ?? leastLoaded(slots, Infinity);
  if (replica === undefined) throw new Error(`stage ${stage} has no worker to promise a chunk to`);
  slots[replica].load++;
  bound.set(chunk, { replica, arrived: 0, next: firstPart(s.topology.stages[stage]) });
  return replica;
}

/** Of a chunk that is taken whole, any part stands for it. */
export function releasePlace(s: SchedulerState, edge: EdgeNode, { chunk, part }: Unit): void {
  const state = s.edges[edge.id];
  const index = indexOfUnit(state.filled, chunk, placeOf(s, edge, part));
  state.held--;
  if (index < 0) return;
  state.bytes -= state.filled[index].bytes;
  removeAt(state.filled, index);
}

/** What was promised lies on the edge now. `isLast`: the chunk's last part. */
export function fillPlace(s: SchedulerState, edge: EdgeNode, { chunk, part }: Unit, bytes: number, isLast: boolean): void {
  const state = s.edges[edge.id];
  const place = filledPlace(state, chunk, placeOf(s, edge, part));
  place.bytes += bytes;
  place.isWhole = isLast;
  state.bytes += bytes;
  state.largest = Math.max(state.largest, place.bytes);
}

function filledPlace({ filled }: EdgeState, chunk: number, part: number): FilledPlace {
  const index = indexOfUnit(filled, chunk, part);
  if (index >= 0) return filled[index];
  const place = { chunk, part, bytes: 0, isWhole: false };
  filled.push(place);
  return place;
}

/** Whether all of the chunk lies on the edge, to a sink. */
export function isWhole(s: SchedulerState, edge: number, chunk: number): boolean {
  const { filled } = s.edges[edge];
  const index = indexOfUnit(filled, chunk, 0);
  return index >= 0 && filled[index].isWhole;
}

/** A promise that nothing came of. */
export function takePlaceBack(s: SchedulerState, edge: EdgeNode, chunk: number): void {
  s.edges[edge.id].held--;
  if (edge.to.kind === "sink") return;
  const state = s.stages[edge.to.stage];
  const bound = state.bound.get(chunk);
  if (bound === undefined) return;
  state.slots[bound.replica].load--;
  if (takesParts(s, edge)) state.slots[bound.replica].parts--;
  state.bound.delete(chunk);
}
