/**
 * Whoever looks at a run beside the terminal: metrics over HTTP, a trace, a report, and the log of past runs. All of
 * them read the one stream of events; none is asked anything by the run.
 */
import { accessSync, closeSync, constants, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
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
import { writeJournal } from "../telemetry/run-journal.ts";
import { createRunState, foldEvent } from "../telemetry/run-state.ts";
import type { RunState } from "../telemetry/run-state.ts";
import { createRunTimeline } from "../telemetry/run-timeline.ts";
import type { RunTimeline, TimelineBins } from "../telemetry/run-timeline.ts";
import { rowsPerSecond } from "../telemetry/summary.ts";
import type { RunSummary } from "../telemetry/summary.ts";
import { openTrace } from "../telemetry/trace.ts";
import type { RunFlags } from "./command-line.ts";
import type { RunHistory } from "./run-history.ts";
import type { Scheduler } from "./scheduler.ts";

export interface WatchRequest {
  readonly program: string;
  readonly pipeline: PipelineSpec;
  readonly flags: RunFlags;
  /** Of `out.js`. */
  readonly programFolder: string;
  /** As given on the command line, without secrets. */
  readonly params: Readonly<Record<string, string>>;
  readonly history: RunHistory;
}

export interface RunWatch {
  readonly log: RunLog;
  /** Rows start to move: queues are looked at from here on. `rowsEarlier`: rows that earlier runs had committed. */
  readonly onStart: (scheduler: Scheduler | undefined, rowsEarlier: number) => void;
  /** The run has ended. `fault`: what a person was told ended it. */
  readonly close: (summary: RunSummary, exitCode: number, fault: string | undefined) => void;
  /** The run goes on with another engine. */
  readonly handOver: () => void;
}

const SAMPLE_MS = 250;
/** Samples between two words for the engine after this one. */
const JOURNAL_EVERY = 4;

/** Faults: R0180, before anything is read, where what is asked for cannot be had. */
export async function openWatch(request: WatchRequest): Promise<RunWatch> {
  const { pipeline, flags, program, programFolder, history } = request;
  const names = namesOf(pipeline);
  const { state, timeline } = beginAfter(request);
  const startedMs = performance.now() - history.elapsedMs;
  const metrics = await openMetrics(flags, () => renderMetrics({ program, pipeline: pipeline.name, ...names }, state, performance.now() - startedMs));
  if (flags.report !== undefined) checkWritable(flags.report);
  const trace = flags.trace === undefined ? undefined : openTrace(flags.trace, { pipeline: pipeline.name, ...names }, history.restarts > 0);
  logRun(programFolder, { ...begunOf(request), outcome: "started" });

  const log = createRunLog((event: RunEvent) => {
    foldEvent(state, event);
    timeline.add(event);
    trace?.add(event);
  }, history.elapsedMs);
  const takeCpuTime = startCpuClock();
  let timer: NodeJS.Timeout | undefined;
  let rowsEarlier = history.journal?.rowsEarlier;
  const leaveWord = (): void => {
    if (history.journalFile !== undefined) writeJournal(history.journalFile, { state, timeline: binsOf(timeline), rowsEarlier: rowsEarlier ?? 0 });
  };
  const end = (): void => {
    clearInterval(timer);
    metrics?.close();
  };
  return {
    log,
    onStart: (scheduler, rows) => {
      rowsEarlier ??= rows;
      let looks = 0;
      const look = (): void => {
        log({ kind: "sample", edges: scheduler?.edgeFill() ?? [], inFlight: scheduler?.inFlight() ?? [], coresInUse: scheduler?.coresInUse() ?? 0, ...takeCpuTime(), residentBytes: process.memoryUsage.rss() });
        if (looks++ % JOURNAL_EVERY === 0) leaveWord();
      };
      look();
      timer = setInterval(look, SAMPLE_MS);
      timer.unref();
    },
    close: (summary, exitCode, fault) => {
      end();
      trace?.close();
      conclude(request, { state, timeline: binsOf(timeline), summary, exitCode, fault });
    },
    handOver: () => {
      end();
      leaveWord();
      trace?.handOver();
    },
  };
}

/** Gives the process's CPU time since it was asked last. */
function startCpuClock(): () => { readonly cpuMs: number; readonly overMs: number } {
  let [usage, lookedMs] = [process.cpuUsage(), performance.now()];
  return () => {
    const [{ user, system }, nowMs] = [process.cpuUsage(usage), performance.now()];
    const overMs = nowMs - lookedMs;
    usage = { user: usage.user + user, system: usage.system + system };
    lookedMs = nowMs;
    return { cpuMs: (user + system) / 1000, overMs };
  };
}

/** A run whose last engine died without a word, as far as it was noted. */
export function concludeAbandoned(request: WatchRequest, exitCode: number, fault: string): void {
  const { pipeline, flags, history } = request;
  const { state, timeline } = beginAfter(request);
  const elapsedMs = Math.max(0, Date.now() - history.run.startedMs);
  const rowsEarlier = history.journal?.rowsEarlier ?? 0;
  const workplaces = [...pipeline.stages.map(({ label, replicas }, id) => ({ label, replicas, busyMs: state.stages[id].busyMs })), ...pipeline.sinks.map(({ label }, id) => ({ label, replicas: 1, busyMs: state.sinks[id].busyMs }))];
  const summary: RunSummary = {
    pipeline: pipeline.name,
    outcome: exitCode === INTERRUPTED ? "interrupted" : "stopped",
    elapsedMs,
    rowsIn: state.rowsDone + rowsEarlier,
    rowsEarlier,
    rowsFiltered: 0,
    rowsDead: state.rowsFailed,
    stages: workplaces.map(({ label, replicas, busyMs }) => ({ label, replicas, busyShare: elapsedMs > 0 ? Math.min(1, busyMs / (elapsedMs * replicas)) : 0 })),
    outputs: [],
    ...(history.restarts === 0 ? {} : { restarts: { count: history.restarts, reason: undefined } }),
  };
  if (flags.trace !== undefined) openTrace(flags.trace, { pipeline: pipeline.name, ...namesOf(pipeline) }, true).close();
  conclude(request, { state, timeline: binsOf(timeline), summary, exitCode, fault });
}

const INTERRUPTED = 130;

function beginAfter({ pipeline, history: { journal } }: WatchRequest): { readonly state: RunState; readonly timeline: RunTimeline } {
  const [stages, sinks] = [pipeline.stages.length, pipeline.sinks.length];
  return { state: journal?.state ?? createRunState(stages, sinks), timeline: createRunTimeline(stages, sinks, journal?.timeline) };
}

function binsOf(timeline: RunTimeline): TimelineBins {
  return { widthMs: timeline.widthMs(), bins: timeline.bins() };
}

type Begun = Pick<PastRun, "id" | "program" | "pipeline" | "startedAt" | "params" | "restarts">;

function begunOf({ program, pipeline, params, history: { run, restarts } }: WatchRequest): Begun {
  return { id: run.id, program, pipeline: pipeline.name, startedAt: new Date(run.startedMs).toISOString(), params, ...(restarts === 0 ? {} : { restarts }) };
}

interface Conclusion {
  readonly state: RunState;
  readonly timeline: TimelineBins;
  readonly summary: RunSummary;
  readonly exitCode: number;
  readonly fault: string | undefined;
}

function conclude(request: WatchRequest, { state, timeline, summary, exitCode, fault }: Conclusion): void {
  const { program, pipeline, flags, programFolder } = request;
  const begun = begunOf(request);
  logRun(programFolder, pastRun(begun, summary, exitCode, fault));
  if (flags.report === undefined) return;
  const { stages, sinks, edges, predicted } = pipeline;
  const html = renderReport({ program, sourceFolder: programFolder, startedAt: begun.startedAt, summary, state, binMs: timeline.widthMs, bins: timeline.bins, stages: stages.map((stage, id) => ({ ...stage, replicas: summary.stages[id].replicas })), sinks: sinks.map((sink) => ({ ...sink, replicas: 1 })), edges: edges.map(({ fromStage, to }) => ({ from: fromStage, to })), predicted });
  writeReport(flags.report, html);
}

function pastRun(begun: Begun, summary: RunSummary, exitCode: number, fault: string | undefined): PastRun {
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

async function openMetrics({ metrics: wanted, quiet }: RunFlags, render: () => string): Promise<{ readonly close: () => void } | undefined> {
  if (wanted === undefined) return undefined;
  const address = parseMetricsAddress(wanted);
  if (address === undefined) throw new Error(`--metrics ${wanted} was taken for an address`);
  const server = await serveMetrics(address, render);
  if (!quiet) process.stderr.write(`metrics: ${server.url}\n`);
  return server;
}

/** Long before the report is written: a run of hours must not end without it. */
function checkWritable(file: string): void {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) throw new Error("it is a folder");
    if (found !== undefined) return accessSync(file, constants.W_OK);
    closeSync(openSync(file, "wx"));
    rmSync(file);
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
