/** What an engine in fake time is given, and how it may end. */
import type { Flight } from "../../runtime/recovery/flight-recorder.ts";
import type { RunEventBody } from "../../runtime/telemetry/run-event.ts";
import type { CheckedDisk } from "./check-files.ts";
import type { Fault, Work } from "./work.ts";

export interface EngineLife {
  readonly work: Work;
  readonly tickets: number;
  /** Stages whose calls are made in processes of their own. */
  readonly isolated: ReadonlySet<number>;
  /** Where the checkpoint is. */
  readonly disk: CheckedDisk;
  /** Engines before this one. */
  readonly count: number;
  readonly startMs: number;
  /** Of the whole simulation, in order of time. */
  readonly faults: readonly Fault[];
  readonly integer: (below: number) => number;
}

export type LifeEnd =
  | { readonly kind: "finished"; readonly isCutShort: boolean }
  | { readonly kind: "died"; readonly how: "crash" | "kill" | "killAll" | "oom"; readonly flights: readonly Flight[] }
  | { readonly kind: "hung"; readonly stage: number; readonly replica: number; readonly flights: readonly Flight[] }
  /** Nothing happens any more, and it has not finished. */
  | { readonly kind: "stuck" };

export interface LifeReport {
  readonly end: LifeEnd;
  readonly endMs: number;
  /** Chunks complete in all sinks. */
  readonly completed: number;
  readonly committed: number;
  /** All that is known to be committed at the end, and what was completed on top of it. */
  readonly rows: number;
  readonly decisions: readonly (Extract<RunEventBody, { kind: "decision" }> & { readonly atMs: number })[];
  /** Workers loaded in a place that another had before. */
  readonly reloads: number;
  readonly faultsUsed: number;
  /** Time that core tokens and each stage's workers were at work. */
  readonly coreMs: number;
}
