/**
 * A worker in a simulated engine: does what it is told, in order, each chunk (or part of one) when all its inputs have come.
 */
import type { Agenda } from "./agenda.ts";

export interface Told {
  readonly chunk: number;
  readonly part: number;
  readonly to: readonly number[];
}

/** A part of a chunk that comes to it. */
export interface Arrival {
  readonly chunk: number;
  readonly part: number;
  readonly isLast: boolean;
}

export interface SimulatedWorker {
  readonly incarnation: number;
  isAlive: boolean;
  /** It must not be told anything before. */
  isLoaded: boolean;
  /** The chunk it is in. */
  busyWith: Told | undefined;
  readonly told: Told[];
  /**
   * How many in-edges have delivered all of a chunk, or the part where parts are taken one by one (which come by one edge):
   * with whether it is the last.
   */
  readonly arrived: Map<number, { edges: number; readonly isLast: boolean }>;
}

export function createWorker(incarnation: number): SimulatedWorker {
  return { incarnation, isAlive: true, isLoaded: false, busyWith: undefined, told: [], arrived: new Map() };
}

export interface WorkerHooks {
  readonly agenda: Agenda;
  /** In-edges of the stage. */
  readonly ins: number;
  /** What `told` needs, in `arrived`. */
  readonly keyOf: (told: Pick<Told, "chunk" | "part">) => number;
  /** Undefined: it never comes back. */
  readonly begin: (told: Told) => number | undefined;
  /** Whether nothing more comes of what it needed. */
  readonly end: (told: Told) => boolean;
}

/** Begins with the next chunk if it is idle and all of its inputs are here. */
export function goOn(worker: SimulatedWorker, hooks: WorkerHooks): void {
  const [next] = worker.told;
  if (!worker.isAlive || worker.busyWith !== undefined || next === undefined) return;
  if ((worker.arrived.get(hooks.keyOf(next))?.edges ?? 0) < hooks.ins) return;
  worker.told.shift();
  worker.busyWith = next;
  const tookMs = hooks.begin(next);
  if (tookMs === undefined) return;
  hooks.agenda.at(hooks.agenda.now() + tookMs, () => {
    if (!worker.isAlive) return;
    worker.busyWith = undefined;
    if (hooks.end(next)) worker.arrived.delete(hooks.keyOf(next));
    goOn(worker, hooks);
  });
}
