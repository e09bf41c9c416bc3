/**
 * What the supervisor tells the engine it starts, and what the two say to each other. The order comes by the
 * environment and is taken out of it, so that programs which the engine starts do not take themselves for engines.
 */
import { randomUUID } from "node:crypto";
import type { WorkerRole } from "./messages.ts";

export interface EngineOrder {
  /** Where workers write what they are in the middle of; undefined where no folder could be made. */
  readonly folder: string | undefined;
  /** Steps that run in processes of their own. */
  readonly isolated: readonly number[];
  /** At most so many tickets, after memory ran out. */
  readonly ticketsMax?: number;
  /** Counts the engines of this command from 0. */
  readonly incarnation: number;
  /** An engine of this command has opened the outputs: what is there is this run's own. */
  readonly hasOpened?: true;
  /** Why this engine was started, where it is not the first. */
  readonly reason?: string;
  readonly run: RunName;
}

/** One run, whatever engines it takes. */
export interface RunName {
  readonly id: string;
  /** By the system's clock. */
  readonly startedMs: number;
}

export function nameRun(): RunName {
  return { id: randomUUID(), startedMs: Date.now() };
}

/** What a run needs to know of its supervisor. */
export interface Supervised {
  readonly order: EngineOrder;
  /** A worker has given words that say whether it gets on with its calls. */
  readonly onCalls: (role: WorkerRole, words: Int32Array) => void;
}

export type FromSupervisor =
  /** End now, cleanly. */
  | { readonly kind: "interrupt" }
  /** Read no further than the group under way, finish that, and end. */
  | { readonly kind: "drain" };

export type FromEngine =
  /** The outputs are open: what an earlier run left there was looked at, and forgotten where the user asked for that. */
  | { readonly kind: "opened" }
  /** How far this engine is: rows complete in all sinks, groups committed. */
  | { readonly kind: "progress"; readonly rows: number; readonly commits: number }
  /** A call of this worker has not ended for longer than it may. The engine ends itself. */
  | { readonly kind: "hung"; readonly stage: number; readonly replica: number; readonly limitMs: number }
  /** Memory ran out with so many tickets. */
  | { readonly kind: "outOfMemory"; readonly tickets: number; readonly message: string }
  /** The run is over, whatever becomes of the process. */
  | { readonly kind: "over"; readonly code: number };

const VARIABLE = "PIPEC_ENGINE";

export function orderVariable(order: EngineOrder): Readonly<Record<string, string>> {
  return { [VARIABLE]: JSON.stringify(order) };
}

/** The order of this process; undefined where a user started it. */
export function takeEngineOrder(): EngineOrder | undefined {
  const text = process.env[VARIABLE];
  if (text === undefined || process.send === undefined) return undefined;
  delete process.env[VARIABLE];
  // Only the supervisor sets it.
  return JSON.parse(text) as EngineOrder;
}

/** The folder's files. */
export const flightFile = "flights";
export const processesFile = "processes";
export const journalFile = "journal";
export const inputsFile = "inputs";
