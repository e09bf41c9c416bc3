/** What a run did, once it has ended: a pure function of the figures. */
import type { PredictedRates } from "../contract/program.ts";
import { formatBytes, formatCount, formatDuration, formatPlural, formatRate, formatShare } from "./format.ts";
import { findBottleneck, paint } from "./progress.ts";

/** `overBudget`: everything good was written, but too many rows failed. `stopped`: a fault of the job. */
export type RunOutcome = "finished" | "overBudget" | "stopped" | "interrupted";

export interface RunSummary {
  readonly pipeline: string;
  readonly outcome: RunOutcome;
  readonly elapsedMs: number;
  /** Source rows, bad ones included. */
  readonly rowsIn: number;
  /** Those of them that an earlier run had committed: this one took no time for them. */
  readonly rowsEarlier?: number;
  /** Rows that a filter, limit, sample or dedupe left out; a zip leaves out what one of those did, or what failed. */
  readonly rowsFiltered: number;
  readonly rowsDead: number;
  readonly stages: readonly StageSummary[];
  readonly outputs: readonly OutputSummary[];
  /** Where failed rows are described, if there are any and it is said anywhere. */
  readonly deadLetters?: string;
  /** How often an engine died and another one went on, and why the last time. */
  readonly restarts?: { readonly count: number; readonly reason: string | undefined };
  /** What the plan promised for a machine that may be another than this one. */
  readonly predicted?: Pick<PredictedRates, "rowsPerSecond" | "bottleneck" | "machine">;
}

export interface StageSummary {
  readonly label: string;
  /** The most there were at once. */
  readonly replicas: number;
  /** Over the whole run: the share of its replicas' time that went into computing, 0 to 1. */
  readonly busyShare: number;
}

export interface OutputSummary {
  readonly label: string;
  /** As the user wrote it; undefined for a sink without files. */
  readonly place?: string;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
}

const outcomeWords = {
  finished: "finished in",
  overBudget: "finished over its error budget in",
  stopped: "stopped after",
  interrupted: "interrupted after",
} as const satisfies Record<RunOutcome, string>;

/** Lines for a terminal or a log. */
export function renderSummary(summary: RunSummary, color = false): readonly string[] {
  const { outcome, elapsedMs, rowsIn, rowsFiltered, rowsDead, deadLetters } = summary;
  const title = `${summary.pipeline} ${outcomeWords[outcome]} ${formatDuration(elapsedMs)}, ${formatRate(rowsPerSecond(summary))}`;
  const rows = [`${formatCount(rowsIn)} read`, `${formatCount(rowsFiltered)} left out`, `${formatCount(rowsDead)} dead`];
  const facts: readonly (readonly [string, readonly string[]])[] = [
    ["rows", [rows.join(", ")]],
    ["predicted", describePrediction(summary)],
    ["stages", describeStages(summary.stages)],
    ["output", summary.outputs.map(describeOutput)],
    ["restarts", describeRestarts(summary)],
    ["dead rows", deadLetters === undefined ? [] : [deadLetters]],
  ];
  const lines = facts.flatMap(([term, texts]) => texts.map((text, index) => `  ${(index === 0 ? term : "").padEnd(11)}${text}`));
  return [color ? paint(title, outcome === "finished" ? "bold" : "red") : title, ...lines];
}

function describeRestarts({ restarts }: RunSummary): readonly string[] {
  if (restarts === undefined) return [];
  return [`${restarts.count}${restarts.reason === undefined ? "" : `; the last because ${restarts.reason}`}`];
}

/** One line of JSON. */
export function printSummaryJson(summary: RunSummary): string {
  return JSON.stringify({ event: "summary", ...summary, rowsPerSecond: rowsPerSecond(summary), bottleneck: findBottleneck(summary.stages)?.label ?? null });
}

/** Of this run, start to end. */
export function rowsPerSecond({ rowsIn, rowsEarlier = 0, elapsedMs }: RunSummary): number {
  return elapsedMs > 0 ? (rowsIn - rowsEarlier) / (elapsedMs / 1000) : 0;
}

/** From start to end, as the run was measured: short runs are mostly start. */
function describePrediction(summary: RunSummary): readonly string[] {
  const { predicted } = summary;
  if (predicted === undefined || predicted.rowsPerSecond === 0) return [];
  const { machine, bottleneck } = predicted;
  return [`${formatRate(predicted.rowsPerSecond)} on ${machine}, limited by ${bottleneck}; this run did ${formatShare(rowsPerSecond(summary) / predicted.rowsPerSecond)} of that`];
}

function describeStages(stages: readonly StageSummary[]): readonly string[] {
  const bottleneck = findBottleneck(stages);
  const width = Math.max(0, ...stages.map((stage) => stage.label.length));
  return stages.map((stage) => {
    const replicas = stage.replicas === 1 ? "" : ` ×${stage.replicas}`;
    return `${stage.label.padEnd(width)}  ${formatShare(stage.busyShare).padStart(5)} busy${replicas}${stage === bottleneck ? "  bottleneck" : ""}`;
  });
}

function describeOutput({ label, place, rows, files, bytes }: OutputSummary): string {
  return place === undefined ? `${label}: ${formatPlural(rows, "row")}` : `${place}: ${formatPlural(rows, "row")} in ${formatPlural(files, "file")}, ${formatBytes(bytes)}`;
}
