/** What the engines before this one did in the same run: figures and reports are of the whole run. */
import { join } from "node:path";
import { readJournal } from "../telemetry/run-journal.ts";
import type { RunJournal } from "../telemetry/run-journal.ts";
import type { RunSummary } from "../telemetry/summary.ts";
import { journalFile, nameRun } from "./engine-order.ts";
import type { EngineOrder, RunName } from "./engine-order.ts";

export interface RunHistory {
  readonly run: RunName;
  /** Engines before this one. */
  readonly restarts: number;
  /** Why this one was started, where it is not the first. */
  readonly reason: string | undefined;
  /** From the beginning of the run to this engine's; 0 for the first. */
  readonly elapsedMs: number;
  readonly journal: RunJournal | undefined;
  /** Where this engine leaves what those after it go on with; undefined where there are none. */
  readonly journalFile: string | undefined;
}

export function readHistory(order: Pick<EngineOrder, "run" | "incarnation" | "folder" | "reason"> | undefined): RunHistory {
  if (order === undefined) return { run: nameRun(), restarts: 0, reason: undefined, elapsedMs: 0, journal: undefined, journalFile: undefined };
  const { run, incarnation, folder, reason } = order;
  const file = folder === undefined ? undefined : join(folder, journalFile);
  return {
    run,
    restarts: incarnation,
    reason,
    elapsedMs: incarnation === 0 ? 0 : Math.max(0, Date.now() - run.startedMs),
    journal: incarnation === 0 || file === undefined ? undefined : readJournal(file),
    journalFile: file,
  };
}

/** `summary` says what this engine did. */
export function ofWholeRun(summary: RunSummary, { restarts, reason, elapsedMs, journal }: RunHistory): RunSummary {
  if (restarts === 0) return summary;
  const totalMs = summary.elapsedMs + elapsedMs;
  const busyBefore = journal === undefined ? [] : [...journal.state.stages, ...journal.state.sinks].map(({ busyMs }) => busyMs);
  const rowsEarlier = journal?.rowsEarlier ?? summary.rowsEarlier ?? 0;
  return {
    ...summary,
    elapsedMs: totalMs,
    rowsEarlier,
    stages: summary.stages.map((stage, id) => ({ ...stage, busyShare: totalMs > 0 ? Math.min(1, (stage.busyShare * summary.elapsedMs + (busyBefore[id] ?? 0) / stage.replicas) / totalMs) : 0 })),
    restarts: { count: restarts, reason },
  };
}
