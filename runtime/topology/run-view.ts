/** What a person (or a program, with --json) sees of a run: progress while it lasts, the summary at its end. */
import { performance } from "node:perf_hooks";
import type { Chunk } from "../contract/chunk.ts";
import type { PipelineSpec, StepSpec } from "../contract/program.ts";
import { createProgressPrinter } from "../telemetry/progress-printer.ts";
import type { RunSnapshot } from "../telemetry/progress.ts";
import { createRateWindow } from "../telemetry/rate-window.ts";
import { createRunCounters } from "../telemetry/run-counters.ts";
import type { RunCounters } from "../telemetry/run-counters.ts";
import type { RunLog } from "../telemetry/run-event.ts";
import { describeStall } from "../telemetry/stall-words.ts";
import { printSummaryJson, renderSummary } from "../telemetry/summary.ts";
import type { RunSummary } from "../telemetry/summary.ts";
import { createWorkerCounts } from "../telemetry/worker-counts.ts";
import type { WorkerCounts } from "../telemetry/worker-counts.ts";
import type { RunFlags } from "./command-line.ts";
import { ofWholeRun } from "./run-history.ts";
import type { RunHistory } from "./run-history.ts";
import type { RunOutcome } from "./run-pipeline.ts";
import type { Scheduler } from "./scheduler.ts";
import { createShapePrinter } from "./shape-printer.ts";

export interface RunView {
  readonly onStart: (counters: RunCounters, scheduler: Scheduler | undefined) => void;
  readonly onText: (stream: "stdout" | "stderr", text: Uint8Array) => void;
  readonly observe: (step: StepSpec, chunk: Chunk) => void;
  /** Shows a line once the run was told to end and takes its time. */
  readonly tellLate: (line: string) => void;
  /** Tells of what a person must not miss while the run lasts. */
  readonly log: RunLog;
  /** Shows what the run did, and gives it. */
  readonly finish: (outcome: RunOutcome) => RunSummary;
  /** Takes progress off the screen; gives what was done until then. */
  readonly stop: (how: "stopped" | "interrupted") => RunSummary;
}

const TICK_MS = 200;
const WINDOW_MS = 5000;
const LATE_MS = 1000;

export function createRunView(pipeline: PipelineSpec, flags: RunFlags, history: RunHistory): RunView {
  const output = flags.json ? process.stdout : process.stderr;
  const color = process.stderr.isTTY === true && process.env["NO_COLOR"] === undefined;
  const printer = createProgressPrinter(output, { json: flags.json, quiet: flags.quiet || flags.interpret, color });
  const shapes = createShapePrinter();
  const startedMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let lateTimer: NodeJS.Timeout | undefined;
  let counted = createRunCounters(pipeline.stages, pipeline.sinks);
  let workers = createWorkerCounts(pipeline.stages.map(({ replicas }) => replicas));

  const clear = (): void => {
    clearInterval(timer);
    clearTimeout(lateTimer);
    printer.clear();
  };
  return {
    onStart: (counters, scheduler) => {
      counted = counters;
      workers = createWorkerCounts(counters.stages.map(({ replicas }) => replicas));
      const snapshot = createSnapshots(pipeline, counters, workers, scheduler);
      const look = (): void => workers.look(scheduler?.replicas().map(({ active }) => active) ?? []);
      look();
      timer = setInterval(() => {
        look();
        printer.update(snapshot(history.elapsedMs + performance.now() - startedMs));
      }, TICK_MS);
      timer.unref();
    },
    onText: (stream, text) => {
      printer.clear();
      process[stream].write(text);
    },
    observe: (step, chunk) => {
      if (flags.quiet) return;
      for (const line of shapes(step, chunk)) process.stderr.write(`${line}\n`);
    },
    tellLate: (line) => {
      lateTimer ??= setTimeout(() => {
        printer.clear();
        if (!flags.quiet) process.stderr.write(`note: ${line}\n`);
      }, LATE_MS);
      lateTimer.unref();
    },
    log: (event) => {
      if (event.kind !== "stall" || flags.quiet) return;
      printer.clear();
      if (flags.json) output.write(`${JSON.stringify({ event: "stall", ...event })}\n`);
      else output.write(`${event.isOver ? "note" : "warning[R0175]"}: ${describeStall(event)}\n`);
    },
    finish: (outcome) => {
      clear();
      const summary = ofWholeRun(summarize(pipeline, outcome, workers), history);
      if (!flags.quiet) output.write(`${flags.json ? printSummaryJson(summary) : renderSummary(summary, color).join("\n")}\n`);
      return summary;
    },
    stop: (how) => {
      clear();
      return ofWholeRun({ ...describeRun(pipeline, counted, workers, performance.now() - startedMs), outcome: how, outputs: [] }, history);
    },
  };
}

function createSnapshots(pipeline: PipelineSpec, counters: RunCounters, workers: WorkerCounts, scheduler: Scheduler | undefined): (elapsedMs: number) => RunSnapshot {
  const rates = createRateWindow(WINDOW_MS);
  return (elapsedMs) => {
    const workplaces = workplacesOf(pipeline, counters, workers.now);
    const [rowsPerMs, ...busy] = rates.add({ atMs: elapsedMs, values: [counters.rowsRead, ...workplaces.map((place) => place.busyMs)] });
    const fill = scheduler?.edgeFill() ?? [];
    const stages = workplaces.map(({ label, replicas, ins }, index) => ({
      label,
      replicas,
      busyShare: Math.min(1, busy[index] / replicas),
      queuedChunks: ins.reduce((sum, edge) => sum + (fill[edge]?.held ?? 0), 0),
      queueChunks: ins.reduce((sum, edge) => sum + (fill[edge]?.capacity ?? 0), 0),
    }));
    const { rowsRead, rowsTotal, rowsExpected, dead } = counters;
    const end = rowsTotal === undefined ? rowsExpected === undefined ? {} : { rowsExpected: Math.round(rowsExpected) } : { rowsTotal };
    return { pipeline: pipeline.name, elapsedMs, rowsDone: rowsRead, ...end, rowsDead: dead, rowsPerSecond: rowsPerMs * 1000, stages };
  };
}

interface Workplace {
  readonly label: string;
  readonly replicas: number;
  readonly busyMs: number;
  /** Edges that lead here. */
  readonly ins: readonly number[];
}

/** Stages and sinks alike: either may be what the others wait for. */
function workplacesOf(pipeline: PipelineSpec, counters: RunCounters, replicasOf: (stage: number) => number): readonly Workplace[] {
  const edgesTo = (isHere: (to: PipelineSpec["edges"][number]["to"]) => boolean): readonly number[] => pipeline.edges.filter(({ to }) => isHere(to)).map((edge) => edge.id);
  const stages = counters.stages.map(({ label, busyMs }, id) => ({ label, replicas: replicasOf(id), busyMs, ins: edgesTo((to) => to.kind === "stage" && to.stage === id) }));
  const sinks = counters.sinks.map(({ label, busyMs }, id) => ({ label, replicas: 1, busyMs, ins: edgesTo((to) => to.kind === "sink" && to.sink === id) }));
  return [...stages, ...sinks];
}

function summarize(pipeline: PipelineSpec, outcome: RunOutcome, workers: WorkerCounts): RunSummary {
  const { counters, elapsedMs, written, places, deadLetterPath } = outcome;
  return {
    ...describeRun(pipeline, counters, workers, elapsedMs),
    outcome: outcome.overBudget !== undefined ? "overBudget" : "finished",
    outputs: written.map(({ files, rows, bytes }, index) => {
      const place = places[index];
      return { label: pipeline.sinks[index].label, ...(place === undefined ? {} : { place }), rows, files, bytes };
    }),
    ...(deadLetterPath === undefined || counters.dead === 0 ? {} : { deadLetters: deadLetterPath }),
  };
}

function describePrediction({ predicted }: PipelineSpec): Pick<RunSummary, "predicted"> {
  if (predicted === undefined) return {};
  const { rowsPerSecond, bottleneck, machine } = predicted;
  return { predicted: { rowsPerSecond, bottleneck, machine } };
}

function describeRun(pipeline: PipelineSpec, counters: RunCounters, workers: WorkerCounts, elapsedMs: number): Omit<RunSummary, "outcome" | "outputs"> {
  return {
    pipeline: pipeline.name,
    elapsedMs,
    rowsIn: counters.rowsRead,
    ...(counters.rowsEarlier === 0 ? {} : { rowsEarlier: counters.rowsEarlier }),
    rowsFiltered: counters.filtered,
    rowsDead: counters.dead,
    ...describePrediction(pipeline),
    stages: workplacesOf(pipeline, counters, workers.most).map(({ label, replicas, busyMs }, id) => {
      const mean = id < counters.stages.length ? workers.mean(id) : replicas;
      return { label, replicas, busyShare: elapsedMs > 0 ? Math.min(1, busyMs / (elapsedMs * mean)) : 0 };
    }),
  };
}
