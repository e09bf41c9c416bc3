/**
 * A run's events in the trace event format that ui.perfetto.dev reads: a track for each replica and sink, counters for
 * edges, core tokens, CPU and memory, marks for commits and decisions. Times are in microseconds.
 *
 * Written as the events come; a file whose end is missing (a killed run) can still be read.
 */
import { appendFileSync, closeSync, ftruncateSync, openSync, readSync, statSync } from "node:fs";
import { jobError } from "../contract/failures.ts";
import type { MetricsSubject } from "./metrics.ts";
import type { RunEvent } from "./run-event.ts";
import { describeStall } from "./stall-words.ts";

export type TraceSubject = Omit<MetricsSubject, "program">;

interface TraceRecord {
  readonly name: string;
  /** X: a span; C: a counter; i: a mark; M: a name of a track. */
  readonly ph: "X" | "C" | "i" | "M";
  readonly ts: number;
  readonly dur?: number;
  readonly pid: 1;
  readonly tid: number;
  readonly s?: "g";
  readonly args?: Readonly<Record<string, string | number>>;
}

/** Tracks of one stage's replicas lie together. */
const REPLICAS_MAX = 1000;

export function traceRecords(subject: TraceSubject, event: RunEvent): readonly TraceRecord[] {
  const ts = Math.round(event.atMs * 1000);
  const trackOf = (stage: number, replica: number): number => (stage + 1) * REPLICAS_MAX + replica;
  const sinkTrack = (sink: number): number => trackOf(subject.stages.length + sink, 0);
  const span = (name: string, busyMs: number, tid: number, args: TraceRecord["args"]): TraceRecord => {
    const dur = Math.round(busyMs * 1000);
    return { name, ph: "X", ts: Math.max(0, ts - dur), dur, pid: 1, tid, ...(args === undefined ? {} : { args }) };
  };
  const mark = (name: string, args: TraceRecord["args"]): TraceRecord => ({ name, ph: "i", ts, pid: 1, tid: 0, s: "g", ...(args === undefined ? {} : { args }) });
  const track = (name: string, tid: number): TraceRecord => ({ name: "thread_name", ph: "M", ts: 0, pid: 1, tid, args: { name } });
  switch (event.kind) {
    case "stageStarted":
      return [track(`${subject.stages[event.stage]} ${event.replica + 1}`, trackOf(event.stage, event.replica))];
    case "stageReady":
      return [span("load", event.loadMs, trackOf(event.stage, event.replica), undefined)];
    case "sinkReady":
      return [track(`write ${subject.sinks[event.sink]}`, sinkTrack(event.sink))];
    case "chunkDone":
      return [span(`chunk ${event.chunk}${partName(event)}`, event.busyMs, trackOf(event.stage, event.replica), { rowsIn: event.rowsIn, rowsOut: event.rowsOut, failed: event.failed })];
    case "sinkDone":
      return [span(`chunk ${event.chunk}`, event.busyMs, sinkTrack(event.sink), { rows: event.rows })];
    case "sample": {
      const counter = (name: string, args: TraceRecord["args"]): TraceRecord => ({ name, ph: "C", ts, pid: 1, tid: 0, ...(args === undefined ? {} : { args }) });
      const edges = event.edges.map((edge, id) => counter(`chunks: ${subject.edges[id]}`, { held: edge.held }));
      return [...edges, counter("core tokens", { held: event.coresInUse }), counter("CPU", { cores: event.overMs > 0 ? event.cpuMs / event.overMs : 0 }), counter("resident MiB", { MiB: Math.round(event.residentBytes / 2 ** 20) })];
    }
    case "commit":
      return [mark(`commit of group ${event.group}`, { rows: event.rows, files: event.files })];
    case "decision":
      return [mark(`${subject.stages[event.stage]}: ${event.from} to ${event.to} replicas`, { reason: event.reason, ...event.figures })];
    case "restart":
      return [mark(`restart of ${event.what}`, { reason: event.reason, incarnation: event.incarnation })];
    case "isolation":
      return [mark(`${subject.stages[event.stage]} gets a process of its own`, { reason: event.reason })];
    case "drain":
      return [mark("drain", { reason: event.reason })];
    case "stall":
      return [mark(describeStall(event), {})];
    case "fault":
      return [mark(`fault ${event.code}`, { message: event.message })];
    case "rowsFailed":
      return [mark(`${event.count} rows failed`, { chunk: event.chunk, first: event.samples[0]?.message ?? "" })];
    case "rowsDone":
      return [];
  }
}

const FLUSH_BYTES = 1 << 16;
/** So much of the end of a killed engine may be missing. */
const FLUSH_MS = 1000;

export interface TraceFile {
  readonly add: (event: RunEvent) => void;
  readonly close: () => void;
  /** Another engine of the run goes on with the file. */
  readonly handOver: () => void;
}

/**
 * Faults: R0180, the file cannot be opened. Once it is, a disk that fills up ends the trace and not the run.
 * `isContinued`: after what another engine of the run has written.
 */
export function openTrace(file: string, subject: TraceSubject, isContinued = false): TraceFile {
  const isBegun = isContinued && cutTornEnd(file);
  let handle: number | undefined = openFile(file, isBegun ? "a" : "w");
  let waiting = isBegun ? "" : `[\n${JSON.stringify({ name: "process_name", ph: "M", ts: 0, pid: 1, tid: 0, args: { name: subject.pipeline } })}`;
  const attempt = (act: (handle: number) => void): void => {
    if (handle === undefined) return;
    try {
      act(handle);
    } catch (error) {
      handle = undefined;
      process.stderr.write(`the trace ${file} ends here, it could not be written: ${messageOf(error)}\n`);
    }
  };
  let flushedMs = 0;
  const flush = (): void => {
    attempt((open) => appendFileSync(open, waiting));
    waiting = "";
  };
  return {
    add: (event) => {
      if (handle === undefined) return;
      for (const record of traceRecords(subject, event)) waiting += `,\n${JSON.stringify(record)}`;
      if (waiting.length < FLUSH_BYTES && event.atMs < flushedMs + FLUSH_MS) return;
      flushedMs = event.atMs;
      flush();
    },
    close: () => {
      waiting += "\n]\n";
      flush();
      attempt(closeSync);
    },
    handOver: () => {
      flush();
      attempt(closeSync);
    },
  };
}

/** Takes the last line off, which an engine that died may have begun and not ended. Whether anything stays. */
function cutTornEnd(file: string): boolean {
  try {
    const { size } = statSync(file);
    const tail = Buffer.alloc(Math.min(size, FLUSH_BYTES));
    const handle = openSync(file, "r+");
    try {
      readSync(handle, tail, 0, tail.length, size - tail.length);
      const last = tail.lastIndexOf(LINE_END);
      const length = isRecord(tail.subarray(last + LINE_END.length)) ? size : size - tail.length + last;
      ftruncateSync(handle, Math.max(0, length));
      return length > "[".length;
    } finally {
      closeSync(handle);
    }
  } catch {
    return false;
  }
}

const LINE_END = ",\n";

function isRecord(text: Buffer): boolean {
  try {
    JSON.parse(text.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

function openFile(file: string, mode: "a" | "w"): number {
  try {
    return openSync(file, mode);
  } catch (error) {
    throw jobError("R0180", `the trace ${file} cannot be written: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function partName({ part, isLast }: { readonly part: number; readonly isLast: boolean }): string {
  if (part < 0) return ", before its parts";
  return part === 0 && isLast ? "" : `, part ${part + 1}`;
}
