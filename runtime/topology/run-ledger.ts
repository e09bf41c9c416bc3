/**
 * The books of a run, shared by the coordinator and the interpreter: counters, row errors by chunk, the error budget,
 * and the dead letters written when a chunk is complete. Throws a JobError where the errors setting ends the run.
 */
import { jobError } from "../contract/failures.ts";
import type { Split } from "../contract/kernel.ts";
import type { PipelineSpec } from "../contract/program.ts";
import { compareFailures } from "../contract/row-failure.ts";
import type { RowFailure } from "../contract/row-failure.ts";
import { createErrorBudget } from "../recovery/error-budget.ts";
import type { DeadLetterFile } from "../recovery/dead-letters.ts";
import { createRunCounters } from "../telemetry/run-counters.ts";
import type { RunCounters } from "../telemetry/run-counters.ts";
import type { ChunkReport } from "./messages.ts";
import type { Topology } from "./topology.ts";

export interface RunLedger {
  readonly counters: RunCounters;
  readonly splitsOf: (region: number) => readonly Split[];
  readonly addSource: (region: number, splits: readonly Split[]) => void;
  readonly addReport: (stage: number, chunk: number, report: ChunkReport) => void;
  readonly addSinkReport: (sink: number, rows: number, busyMs: number) => void;
  /** All that can fail in the chunk has: its dead letters are written. */
  readonly completeChunk: (region: number, chunk: number, letters: DeadLetterFile | undefined) => void;
  readonly isOverBudget: () => boolean;
}

export function createRunLedger(pipeline: PipelineSpec, topology: Topology): RunLedger {
  const counters = createRunCounters(topology.stages, pipeline.sinks);
  const budget = createErrorBudget(pipeline.errors);
  const splits = new Map<number, readonly Split[]>();
  const failures = new Map<string, RowFailure[]>();
  const sourceRows = new Map<string, number>();
  const splitsOf = (region: number): readonly Split[] => splits.get(region) ?? [];

  const addFailures = (region: number, chunk: number, report: ChunkReport, rows: number): void => {
    counters.dead += report.failures.length;
    const [first] = [...report.failures].sort(compareFailures);
    if (first !== undefined && pipeline.errors.kind === "fail") throw jobError("R0160", describeFailure(first, splitsOf(region)), 'mend the row, or set such rows aside with `errors: dead_letter("path", max: 0.1%)`');
    if (pipeline.errors.kind === "deadLetter" && report.failures.length > 0) {
      const key = `${region}:${chunk}`;
      failures.set(key, [...(failures.get(key) ?? []), ...report.failures]);
    }
    const mustStop = budget.add(rows, report.failures.length);
    if (mustStop) throw jobError("R0161", `${counters.dead} of ${counters.rowsRead} rows failed, more than the pipeline's \`errors\` setting allows${first === undefined ? "" : `; the last: ${describeFailure(first, splitsOf(region))}`}`);
  };

  return {
    counters,
    splitsOf,
    addSource: (region, list) => {
      splits.set(region, list);
      const known = [...splits.values()].flat().map((split) => split.rows);
      counters.rowsTotal = known.reduce((sum: number | undefined, rows) => (sum === undefined || rows === undefined ? undefined : sum + rows), 0);
    },
    addReport: (stage, chunk, report) => {
      const node = topology.stages[stage];
      const counter = counters.stages[stage];
      counter.chunks++;
      counter.rowsIn += report.rowsIn;
      counter.rowsOut += report.rowsOut;
      counter.busyMs += report.busyMs;
      counters.filtered += report.filtered;
      if (node.isSource) {
        counters.rowsRead += report.rowsIn;
        sourceRows.set(`${node.region}:${chunk}`, report.rowsIn);
      }
      addFailures(node.region, chunk, report, node.isSource ? report.rowsIn : 0);
    },
    addSinkReport: (sink, rows, busyMs) => {
      counters.sinks[sink].rows += rows;
      counters.sinks[sink].busyMs += busyMs;
    },
    completeChunk: (region, chunk, letters) => {
      const key = `${region}:${chunk}`;
      letters?.write(region, failures.get(key) ?? []);
      failures.delete(key);
      counters.rowsDone += sourceRows.get(key) ?? 0;
      sourceRows.delete(key);
    },
    isOverBudget: () => budget.isOver(),
  };
}

/** "data/a.jsonl, line 12: cannot decode the image (pixels, ocr.pipe:31)". */
export function describeFailure(failure: RowFailure, splits: readonly Split[]): string {
  const file = splits[failure.split]?.path ?? "";
  // A source of whole files names the row by its file.
  const where = failure.place.startsWith(file) || file === "" ? failure.place : `${file}, ${failure.place}`;
  return `${where}: ${failure.message} (${failure.step}, ${failure.at.file}:${failure.at.line})`;
}
