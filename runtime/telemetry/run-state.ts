/**
 * Where a run stands, folded from its events: what the metrics, the report and the log of runs read. Bounded: of what
 * may be many (decisions, faults, failed rows) the first are kept and the rest counted.
 */
import type { EdgeGauge, FailureSample, RunEvent } from "./run-event.ts";

const KEPT_MAX = 200;
const SAMPLES_MAX = 50;

/** What a person wants to hear of, event by event. */
export type NotableEvent = Extract<RunEvent, { readonly kind: "decision" | "restart" | "isolation" | "drain" | "stall" | "fault" }>;

export interface StageState {
  /** Workers that are ready. */
  replicas: number;
  chunks: number;
  rowsIn: number;
  rowsOut: number;
  failed: number;
  busyMs: number;
  /** The longest that a replica took to load. */
  loadMs: number;
}

export interface SinkState {
  rows: number;
  busyMs: number;
}

export interface RunState {
  readonly stages: readonly StageState[];
  readonly sinks: readonly SinkState[];
  edges: readonly EdgeGauge[];
  chunksInFlight: number;
  coresInUse: number;
  /** Of all engines of the run. */
  cpuMs: number;
  residentBytes: number;
  residentBytesMax: number;
  rowsDone: number;
  rowsFailed: number;
  readonly samples: FailureSample[];
  commits: number;
  filesCommitted: number;
  /** Of the rows done and failed, those that are committed: what lasts when an engine dies. */
  rowsCommitted: number;
  failedCommitted: number;
  restarts: number;
  /** Decisions, restarts, isolations, drains and faults, in order; `dropped` more came. */
  readonly notable: NotableEvent[];
  dropped: number;
  /** When the first chunk was in all sinks; undefined before. */
  firstRowMs: number | undefined;
}

export function createRunState(stages: number, sinks: number): RunState {
  return {
    stages: Array.from({ length: stages }, () => ({ replicas: 0, chunks: 0, rowsIn: 0, rowsOut: 0, failed: 0, busyMs: 0, loadMs: 0 })),
    sinks: Array.from({ length: sinks }, () => ({ rows: 0, busyMs: 0 })),
    edges: [],
    chunksInFlight: 0,
    coresInUse: 0,
    cpuMs: 0,
    residentBytes: 0,
    residentBytesMax: 0,
    rowsDone: 0,
    rowsFailed: 0,
    samples: [],
    commits: 0,
    filesCommitted: 0,
    rowsCommitted: 0,
    failedCommitted: 0,
    restarts: 0,
    notable: [],
    dropped: 0,
    firstRowMs: undefined,
  };
}

/** Takes the event into `state`. */
export function foldEvent(state: RunState, event: RunEvent): void {
  switch (event.kind) {
    case "stageStarted":
      return;
    case "stageReady": {
      const stage = state.stages[event.stage];
      stage.replicas++;
      stage.loadMs = Math.max(stage.loadMs, event.loadMs);
      return;
    }
    case "sinkReady":
      return;
    case "chunkDone": {
      const stage = state.stages[event.stage];
      if (event.isLast) stage.chunks++;
      stage.rowsIn += event.rowsIn;
      stage.rowsOut += event.rowsOut;
      stage.failed += event.failed;
      stage.busyMs += event.busyMs;
      return;
    }
    case "sinkDone":
      state.sinks[event.sink].rows += event.rows;
      state.sinks[event.sink].busyMs += event.busyMs;
      return;
    case "rowsDone":
      state.firstRowMs ??= event.atMs;
      state.rowsDone += event.rows;
      return;
    case "rowsFailed":
      state.rowsFailed += event.count;
      for (const sample of event.samples) addSample(state, sample);
      return;
    case "commit":
      state.commits++;
      state.rowsCommitted += event.rows;
      state.failedCommitted += event.dead;
      state.filesCommitted += event.files;
      return;
    case "sample":
      state.edges = event.edges;
      state.chunksInFlight = event.inFlight.reduce((sum, chunks) => sum + chunks, 0);
      state.coresInUse = event.coresInUse;
      state.cpuMs += event.cpuMs;
      state.residentBytes = event.residentBytes;
      state.residentBytesMax = Math.max(state.residentBytesMax, event.residentBytes);
      return;
    case "decision":
      // Workers that come are counted once they are ready.
      if (event.to < event.from) state.stages[event.stage].replicas -= event.from - event.to;
      return keep(state, event);
    case "restart":
      state.restarts++;
      if (event.what === "engine") forgetEngine(state);
      return keep(state, event);
    case "isolation":
    case "drain":
    case "stall":
    case "fault":
      return keep(state, event);
  }
}

/** Rows that are computed again, by another engine, fail again. */
function addSample({ samples }: RunState, sample: FailureSample): void {
  const isKnown = samples.some(({ where, step, message }) => where === sample.where && step === sample.step && message === sample.message);
  if (samples.length < SAMPLES_MAX && !isKnown) samples.push(sample);
}

/** What was under way went with the engine; work that was done stays work that was done. */
function forgetEngine(state: RunState): void {
  for (const stage of state.stages) stage.replicas = 0;
  state.edges = [];
  state.chunksInFlight = 0;
  state.coresInUse = 0;
  state.rowsDone = state.rowsCommitted;
  state.rowsFailed = state.failedCommitted;
}

function keep(state: RunState, event: NotableEvent): void {
  if (state.notable.length < KEPT_MAX) state.notable.push(event);
  else state.dropped++;
}
