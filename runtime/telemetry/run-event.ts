/**
 * The events of a run, as data: what every view of it (terminal, metrics, trace, report) reads. Whoever decides or
 * notices something says so through a `RunLog`; the time is put on where the log is made.
 */
import { performance } from "node:perf_hooks";
import type { Place } from "../contract/program.ts";

/** A replica of a stage. */
interface AtReplica {
  readonly stage: number;
  readonly replica: number;
}

/** Waiting and working on one edge, at one moment. */
export interface EdgeGauge {
  readonly held: number;
  readonly capacity: number;
  readonly bytes: number;
}

/** A row that failed, as people are told: `where` is its file and row. */
export interface FailureSample {
  readonly where: string;
  readonly message: string;
  readonly step: string;
  readonly at: Place;
}

export type RunEventBody =
  /** A worker was started for a replica; `incarnation` counts the workers that had its place before. */
  | ({ readonly kind: "stageStarted"; readonly incarnation: number } & AtReplica)
  /** Models and resources are loaded. */
  | ({ readonly kind: "stageReady"; readonly loadMs: number } & AtReplica)
  | { readonly kind: "sinkReady"; readonly sink: number }
  | ({ readonly kind: "chunkDone"; readonly chunk: number; readonly part: number; readonly isLast: boolean; readonly rowsIn: number; readonly rowsOut: number; readonly failed: number; readonly busyMs: number } & AtReplica)
  | { readonly kind: "sinkDone"; readonly sink: number; readonly chunk: number; readonly rows: number; readonly busyMs: number }
  /** Rows of a completed chunk that could not be computed: how many source rows, and the first few of what was said. */
  | { readonly kind: "rowsFailed"; readonly chunk: number; readonly count: number; readonly samples: readonly FailureSample[] }
  /** Source rows that went through everything since the last word: written, left out or failed. */
  | { readonly kind: "rowsDone"; readonly rows: number }
  /** A group is committed in all sinks. */
  | { readonly kind: "commit"; readonly group: number; readonly rows: number; readonly dead: number; readonly files: number }
  /** What was changed, or not changed, of a stage's replicas, with the figures that the reason is about. */
  | { readonly kind: "decision"; readonly stage: number; readonly from: number; readonly to: number; readonly reason: string; readonly figures: Readonly<Record<string, number>> }
  /** A gang or the engine was started again. `stage` is left out for the engine. */
  | { readonly kind: "restart"; readonly what: "engine" | "gang"; readonly stage?: number; readonly replica?: number; readonly incarnation: number; readonly reason: string }
  /** A stage's calls are made in a process of their own from here on. */
  | { readonly kind: "isolation"; readonly stage: number; readonly reason: string }
  /** Sources stop at the end of a group. */
  | { readonly kind: "drain"; readonly reason: string }
  /** A worker has not got on for so long, or gets on again after it. `what`: "stands on row 12 of data/a.jsonl". */
  | { readonly kind: "stall"; readonly stage?: number; readonly step: string; readonly at: Place; readonly what: string; readonly stillMs: number; readonly isOver: boolean }
  | { readonly kind: "fault"; readonly code: string; readonly message: string; readonly stage?: number }
  /** `cpuMs`: CPU time of the engine's process, all its threads together, in the `overMs` since the last look. */
  | { readonly kind: "sample"; readonly edges: readonly EdgeGauge[]; readonly inFlight: readonly number[]; readonly coresInUse: number; readonly cpuMs: number; readonly overMs: number; readonly residentBytes: number };

/** `atMs`: since the run began. */
export type RunEvent = { readonly atMs: number } & RunEventBody;

export type RunLog = (event: RunEventBody) => void;

/** For whoever looks at nothing. */
export const noLog: RunLog = () => {};

/** A log that stamps what it is told and hands it on. `elapsedMs`: how long the run lasts already. */
export function createRunLog(onEvent: (event: RunEvent) => void, elapsedMs = 0): RunLog {
  const startedMs = performance.now() - elapsedMs;
  return (event) => onEvent({ atMs: performance.now() - startedMs, ...event });
}
