/**
 * Whoever looks at a run beside the terminal: metrics over HTTP, a trace, a report, and the log of past runs. All of
 * them read the one stream of events; none is asked anything by the run.
 */
import { accessSync, constants, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { dirname, resolve } from "node:path";
import { jobError } from "../contract/failures.ts";
import type { PastRun } from "../contract/past-run.ts";
import type { PipelineSpec } from "../contract/program.ts";
import { renderMetrics } from "../telemetry/metrics.ts";
import { parseMetricsAddress, serveMetrics } from "../telemetry/metrics-server.ts";
import { logRun } from "../telemetry/log-run.ts";
import { findBottleneck } from "../telemetry/progress.ts";
import { renderReport } from "../telemetry/report/render-report.ts";
import { createRunLog } from "../telemetry/run-event.ts";
import type { RunEvent, RunLog } from "../telemetry/run-event.ts";
import { createRunState, foldEvent } from "../telemetry/run-state.ts";
import { createRunTimeline } from "../telemetry/run-timeline.ts";
import { rowsPerSecond } from "../telemetry/summary.ts";
import type { RunSummary } from "../telemetry/summary.ts";
import { openTrace } from "../telemetry/trace.ts";
import type { RunFlags } from "./command-line.ts";
import type { Scheduler } from "./scheduler.ts";

export interface WatchRequest {
  readonly program: string;
  readonly pipeline: PipelineSpec;
  readonly flags: RunFlags;
  /** Of `out.js`. */
  readonly programFolder: string;
  /** As given on the command line, without secrets. */
  readonly params: Readonly<Record<string, string>>;
}

export interface RunWatch {
  readonly log: RunLog;
  /** Rows start to move: queues are looked at from here on. */
  readonly onStart: (scheduler: Scheduler | undefined) => void;
  /** The run has ended. `fault`: what a person was told ended it. */
  readonly close: (summary: RunSummary, exitCode: number, fault: string | undefined) => void;
}

const SAMPLE_MS = 250;

/** Faults: R0180, before anything is read, where what is asked for cannot be had. */
export async function openWatch(request: WatchRequest): Promise<RunWatch> {
  const { pipeline, flags, program, programFolder } = request;
  const begun = { id: randomUUID(), pipeline: pipeline.name, startedAt: new Date().toISOString(), params: request.params } as const;
  const names = namesOf(pipeline);
  const state = createRunState(pipeline.stages.length, pipeline.sinks.length);
  const timeline = createRunTimeline(pipeline.stages.length, pipeline.sinks.length);
  const startedMs = performance.now();
  const metrics = await openMetrics(flags.metrics, () => renderMetrics({ program, pipeline: pipeline.name, ...names }, state, performance.now() - startedMs));
  if (flags.report !== undefined) checkWritable(flags.report);
  const trace = flags.trace === undefined ? undefined : openTrace(flags.trace, { pipeline: pipeline.name, ...names });
  logRun(programFolder, { ...begun, outcome: "started" });

  const log = createRunLog((event: RunEvent) => {
    foldEvent(state, event);
    timeline.add(event);
    trace?.add(event);
  });
  let timer: NodeJS.Timeout | undefined;
  return {
    log,
    onStart: (scheduler) => {
      const look = (): void => log({ kind: "sample", edges: scheduler?.edgeFill() ?? [], inFlight: scheduler?.inFlight() ?? [], coresInUse: scheduler?.coresInUse() ?? 0, residentBytes: process.memoryUsage.rss() });
      look();
      timer = setInterval(look, SAMPLE_MS);
      timer.unref();
    },
    close: (summary, exitCode, fault) => {
      clearInterval(timer);
      metrics?.close();
      trace?.close();
      logRun(programFolder, pastRun(begun, summary, exitCode, fault));
      if (flags.report === undefined) return;
      const { stages, sinks, edges, predicted } = pipeline;
      const html = renderReport({ program, sourceFolder: programFolder, startedAt: begun.startedAt, summary, state, binMs: timeline.widthMs(), bins: timeline.bins(), stages: stages.map((stage, id) => ({ ...stage, replicas: summary.stages[id].replicas })), sinks: sinks.map((sink) => ({ ...sink, replicas: 1 })), edges: edges.map(({ fromStage, to }) => ({ from: fromStage, to })), predicted });
      writeReport(flags.report, html);
    },
  };
}

function pastRun(begun: Pick<PastRun, "id" | "pipeline" | "startedAt" | "params">, summary: RunSummary, exitCode: number, fault: string | undefined): PastRun {
  const { outcome, elapsedMs, rowsIn, rowsDead } = summary;
  return {
    ...begun,
    outcome,
    exitCode,
    elapsedMs: Math.round(elapsedMs),
    rowsIn,
    rowsDead,
    rowsPerSecond: Number(rowsPerSecond(summary).toFixed(2)),
    bottleneck: findBottleneck(summary.stages)?.label ?? null,
    ...(fault === undefined ? {} : { fault }),
    outputs: summary.outputs.flatMap(({ place }) => place ?? []),
  };
}

function namesOf(pipeline: PipelineSpec): { readonly stages: readonly string[]; readonly sinks: readonly string[]; readonly edges: readonly string[] } {
  const stages = pipeline.stages.map(({ label }) => label);
  const sinks = pipeline.sinks.map(({ label }) => label);
  return { stages, sinks, edges: pipeline.edges.map(({ fromStage, to }) => `${stages[fromStage]} → ${to.kind === "stage" ? stages[to.stage] : sinks[to.sink]}`) };
}

async function openMetrics(wanted: string | undefined, render: () => string): Promise<{ readonly close: () => void } | undefined> {
  if (wanted === undefined) return undefined;
  const address = parseMetricsAddress(wanted);
  if (address === undefined) throw new Error(`--metrics ${wanted} was taken for an address`);
  const server = await serveMetrics(address, render);
  process.stderr.write(`metrics: http://${address.host ?? "127.0.0.1"}:${server.port}/metrics\n`);
  return server;
}

/** Long before the report is written: a run of hours must not end without it. */
function checkWritable(file: string): void {
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
  } catch (error) {
    throw jobError("R0180", `the report ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function writeReport(file: string, html: string): void {
  try {
    writeFileSync(file, html);
  } catch (error) {
    process.stderr.write(`the report ${file} could not be written: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
