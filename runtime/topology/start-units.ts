/**
 * What is started next: each stage's units that are ready, as far as there are tickets, places on the out-edges and core
 * tokens. Asked after every event.
 */
import { BEGINNING } from "../contract/stage-parts.ts";
import { firstPart, hasRoom, promisePlace } from "./edge-places.ts";
import { stopRegion } from "./region-ends.ts";
import { boundOf, removeAt } from "./scheduler-state.ts";
import type { SchedulerState, Slot, StageState, Unit } from "./scheduler-state.ts";
import type { EdgeNode, StageNode } from "./topology.ts";

/** Chunks that a worker is told to do ahead: the one at work and one more, so that it never waits to be told. */
const RUNS_AHEAD = 2;

/** Starts whatever can be started. */
export function startAll(s: SchedulerState): void {
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
  const state = s.stages[stage.id];
  const unit = { chunk, part: 0 };
  if (!mayTell(s, stage, state.slots[0]) || !haveRoom(s, state.outs, unit)) return "nothing";
  if (!run(s, stage, 0, unit)) return "cores";
  region.open.set(chunk, sinks.length);
  region.next++;
  if (region.next >= region.stopAt) stopRegion(s, stage.region);
  return "started";
}

function startStage(s: SchedulerState, stage: StageNode): StartOutcome {
  const state = s.stages[stage.id];
  const { ready, outs } = state;
  if (ready.length === 0) return "nothing";
  // Where parts come, room is looked for one by one.
  for (const edge of outs) if (!edge.inParts && !hasRoom(s, edge, ready[0])) return "nothing";
  const index = stage.ordered ? nextInOrder(s, stage, state) : nextOfLongest(s, stage, state);
  if (index < 0) return "nothing";
  const unit = ready[index];
  const bound = boundOf(s, stage, unit.chunk);
  // What else might start wants the same tokens.
  if (!run(s, stage, bound.replica, unit)) return "cores";
  bound.next++;
  removeAt(ready, index);
  if (stage.ordered && unit.part === firstPart(stage)) state.nextOrdered++;
  return "started";
}

/** Of what could start, but for core tokens: chunks are begun in their order. -1: nothing can. */
function nextInOrder(s: SchedulerState, stage: StageNode, state: StageState): number {
  return state.ready.findIndex((unit) => (unit.part !== firstPart(stage) || unit.chunk === state.nextOrdered) && mayStart(s, stage, state, unit));
}

/** Likewise; first what the worker with most before it can do: so all workers come to their end together. */
function nextOfLongest(s: SchedulerState, stage: StageNode, state: StageState): number {
  const { ready, slots } = state;
  let best = -1;
  let bestLoad = -1;
  for (let index = 0; index < ready.length; index++) {
    const unit = ready[index];
    const { load } = slots[boundOf(s, stage, unit.chunk).replica];
    const isBetter = best < 0 || load > bestLoad || (load === bestLoad && isBefore(unit, ready[best]));
    if (!isBetter || !mayStart(s, stage, state, unit)) continue;
    best = index;
    bestLoad = load;
  }
  return best;
}

function isBefore(a: Unit, b: Unit): boolean {
  return a.chunk < b.chunk || (a.chunk === b.chunk && a.part < b.part);
}

/** Whether it is the unit's turn, its worker can be told, and what comes of it has room. */
function mayStart(s: SchedulerState, stage: StageNode, state: StageState, unit: Unit): boolean {
  const { replica, next } = boundOf(s, stage, unit.chunk);
  const { open } = state.slots[replica];
  if (unit.part !== next || (open !== undefined && open !== unit.chunk)) return false;
  return mayTell(s, stage, state.slots[replica]) && haveRoom(s, state.outs, unit);
}

/** What is only begun gives nothing. */
function haveRoom(s: SchedulerState, outs: readonly EdgeNode[], unit: Unit): boolean {
  if (unit.part === BEGINNING) return true;
  for (const edge of outs) if (!hasRoom(s, edge, unit)) return false;
  return true;
}

/** Whether the worker can be told one thing more, but for core tokens where it has none. */
function mayTell(s: SchedulerState, stage: StageNode, slot: Slot): boolean {
  if (slot.state !== "active" && slot.state !== "retiring") return false;
  // Whether a part comes after the one under way, only the worker can say.
  if (slot.running >= (stage.cutsParts ? 1 : RUNS_AHEAD)) return false;
  return slot.running === 0 || s.tokens.mayGoOn(stage);
}

/** Tells the worker, if there are core tokens; it holds them then. */
function run(s: SchedulerState, stage: StageNode, replica: number, unit: Unit): boolean {
  const state = s.stages[stage.id];
  const slot = state.slots[replica];
  if (!s.tokens.take(stage, slot.running > 0)) return false;
  slot.running++;
  if (stage.cutsParts) slot.open = unit.chunk;
  state.runs.push(unit);
  const to = unit.part === BEGINNING ? [] : state.outs.map((edge) => promisePlace(s, edge, unit));
  s.commands.push({ kind: "run", stage: stage.id, replica, chunk: unit.chunk, part: unit.part, to });
  return true;
}
