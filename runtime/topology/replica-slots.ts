/**
 * Workers that come and go while the run lasts: loaded within a stage's range, and retired when nothing is bound to them.
 * A place may be loaded again: its incarnation counts the workers that had it before, and what one of those says is dropped.
 */
import { requiredTickets } from "./region-tickets.ts";
import type { SchedulerState, Slot, StageState } from "./scheduler-state.ts";
import type { StageNode } from "./topology.ts";

/** Asks for one more worker of the stage. */
export function loadReplica(s: SchedulerState, stage: number): void {
  const state = s.stages[stage];
  const replica = state.slots.findIndex((slot) => slot.state === "empty");
  if (replica < 0 || state.ended) return;
  state.slots[replica].state = "loading";
  s.commands.push({ kind: "load", stage, replica, incarnation: state.slots[replica].incarnation });
}

export function handleLoaded(s: SchedulerState, stage: number, replica: number, incarnation: number): void {
  const state = s.stages[stage];
  const slot = state.slots[replica];
  if (slot.incarnation !== incarnation || !isOnItsWay(slot)) return;
  const isMore = slot.state === "loading";
  slot.state = "active";
  if (state.ended) retire(s, stage, replica);
  if (isMore) fitTickets(s, s.topology.stages[stage].region);
}

export function isOnItsWay({ state }: Slot): boolean {
  return state === "opening" || state === "loading";
}

/** The worker with least to do gets nothing more, and ends when it has done that. */
export function unloadReplica(s: SchedulerState, stage: number): void {
  const { slots } = s.stages[stage];
  const active = slots.filter((slot) => slot.state === "active");
  if (active.length <= s.topology.stages[stage].replicasMin) return;
  const least = active.reduce((best, slot) => (slot.load <= best.load ? slot : best));
  least.state = "retiring";
  retireIfIdle(s, stage, slots.indexOf(least));
  fitTickets(s, s.topology.stages[stage].region);
}

/** A worker has done one of the things it was told. */
export function endRun(s: SchedulerState, stage: StageNode, replica: number): void {
  const slot = s.stages[stage.id].slots[replica];
  slot.running--;
  if (slot.running === 0) s.tokens.giveBack(stage);
}

export function retireIfIdle(s: SchedulerState, stage: number, replica: number): void {
  const slot = s.stages[stage].slots[replica];
  if (slot.state === "retiring" && slot.load === 0 && slot.running === 0) retire(s, stage, replica);
}

function retire(s: SchedulerState, stage: number, replica: number): void {
  const slot = s.stages[stage].slots[replica];
  slot.state = "empty";
  slot.incarnation++;
  s.commands.push({ kind: "retire", stage, replica });
}

/** A stage ends with its input: its workers go, and what they hold with them. */
export function endStages(s: SchedulerState, region: number): void {
  const { total, first } = s.regions[region];
  if (total === undefined) return;
  for (const { id } of s.topology.stages.filter((stage) => stage.region === region)) {
    const state = s.stages[id];
    if (state.ended || state.done < total - first || isBusy(state)) continue;
    state.ended = true;
    state.slots.forEach((slot, replica) => {
      if (slot.state === "active" || slot.state === "retiring") retire(s, id, replica);
    });
  }
}

function isBusy(state: StageState): boolean {
  return state.slots.some((slot: Slot) => slot.load > 0 || slot.running > 0);
}

/** Tickets grow and shrink with the replicas, within what the plan has memory for. */
function fitTickets(s: SchedulerState, region: number): void {
  const { topology } = s;
  const now = requiredTickets(topology, region, ({ id }) => s.stages[id].slots.filter((slot) => slot.state !== "empty").length);
  const most = requiredTickets(topology, region, ({ replicasMax }) => replicasMax);
  const { tickets } = topology.regions[region];
  s.regions[region].tickets = Math.max(1, Math.min(tickets, Math.ceil((tickets * now) / most)));
}
