/**
 * A stage's place in a simulated engine: does what it is told, in order, each chunk when all its inputs have come. What
 * was sent to it outlasts its worker, as it does where a process of its own runs the stage's calls.
 */
import type { Agenda } from "./agenda.ts";

export interface Told {
  readonly chunk: number;
  readonly to: readonly number[];
  readonly incarnation: number;
}

export interface SimulatedWorker {
  incarnation: number;
  isAlive: boolean;
  /** What it is told before that would be lost. */
  isLoaded: boolean;
  /** The chunk it is in. */
  busyWith: Told | undefined;
  readonly told: Told[];
  /** In-edges that have delivered, by chunk. */
  readonly arrived: Map<number, Set<number>>;
}

export function createWorker(incarnation: number, isLoaded: boolean): SimulatedWorker {
  return { incarnation, isAlive: true, isLoaded, busyWith: undefined, told: [], arrived: new Map() };
}

export interface WorkerHooks {
  readonly agenda: Agenda;
  /** In-edges of the stage. */
  readonly ins: number;
  /** Undefined: it never comes back. */
  readonly begin: (told: Told) => number | undefined;
  readonly end: (told: Told) => void;
}

/** Begins with the next chunk if it is idle and all of its inputs are here. */
export function goOn(worker: SimulatedWorker, hooks: WorkerHooks): void {
  const [next] = worker.told;
  if (!worker.isAlive || worker.busyWith !== undefined || next === undefined) return;
  if ((worker.arrived.get(next.chunk)?.size ?? 0) < hooks.ins) return;
  worker.told.shift();
  worker.busyWith = next;
  const { incarnation } = worker;
  const tookMs = hooks.begin(next);
  if (tookMs === undefined) return;
  hooks.agenda.at(hooks.agenda.now() + tookMs, () => {
    if (!worker.isAlive || worker.incarnation !== incarnation) return;
    worker.busyWith = undefined;
    worker.arrived.delete(next.chunk);
    hooks.end(next);
    goOn(worker, hooks);
  });
}
