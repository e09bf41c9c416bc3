/**
 * The books of a run, shared by the coordinator and the interpreter: counters, row errors by chunk, the error budget,
 * and the dead letters. What failed in a chunk counts when the chunk is complete, and chunks are complete in order: so
 * the row that ends a run, and when, does not depend on which worker was first.
 */
import { jobError } from "../contract/failures.ts";
import type { JobError, Split } from "../contract/kernel.ts";
import type { PipelineSpec } from "../contract/program.ts";
import { compareFailures } from "../contract/row-failure.ts";
import type { RowFailure } from "../contract/row-failure.ts";
import { createErrorBudget } from "../recovery/error-budget.ts";
import type { DeadLetterFile } from "../recovery/dead-letters.ts";
import { noProgress } from "../recovery/progress.ts";
import type { ChunkBooks, SourcePosition } from "../recovery/progress.ts";
import { noLog } from "../telemetry/run-event.ts";
import type { FailureSample, RunLog } from "../telemetry/run-event.ts";
import { createRunCounters } from "../telemetry/run-counters.ts";
import type { RunCounters } from "../telemetry/run-counters.ts";
import type { ChunkReport } from "./messages.ts";
import type { Topology } from "./topology.ts";

export interface RunLedger {
  readonly counters: RunCounters;
  readonly splitsOf: (region: number) => readonly Split[];
  readonly addSource: (region: number, splits: readonly Split[]) => void;
  /** `isLast`: of the chunk's parts, which are told of in order. */
  readonly addReport: (stage: number, chunk: number, report: ChunkReport, isLast: boolean) => void;
  /** A stage could not do the chunk. */
  readonly addFault: (stage: number, chunk: number, error: JobError) => void;
  readonly addSinkReport: (sink: number, rows: number, busyMs: number) => void;
  /** All that can fail in the chunk has: its dead letters are written. Throws a JobError where what failed ends the run. */
  readonly completeChunk: (region: number, chunk: number, letters: DeadLetterFile | undefined) => ChunkBooks;
  /** Counts what an earlier run committed of the region. */
  readonly addEarlier: (region: number, earlier: { readonly rowsIn: number; readonly filtered: number; readonly dead: number }) => void;
  /** Of the region's input, by rows or else by bytes, what complete chunks hold, earlier runs' included; undefined where nobody knows. */
  readonly shareRead: (region: number) => number | undefined;
  /** Whether the region's source has said how many rows it has, and they are all in complete chunks. */
  readonly isAllRead: (region: number) => boolean;
  /** The chunk was read ahead for nothing: what failed in it does not matter. */
  readonly dropChunk: (region: number, chunk: number) => void;
  /** What is wrong if more rows failed than may. */
  readonly overBudget: () => string | undefined;
}

/** Failed rows of one chunk that are told of in full. */
const SAMPLES_MAX = 5;

/** What is known of a chunk that is under way. */
interface OpenChunk {
  rowsRead: number;
  filtered: number;
  readonly failures: RowFailure[];
  position: SourcePosition | undefined;
  passed: Readonly<Record<string, number>>;
  readonly exhausted: number[];
  readonly keys: Map<number, readonly unknown[]>;
  fault: { readonly stage: number; readonly error: JobError } | undefined;
}

export function createRunLedger(pipeline: PipelineSpec, topology: Topology, log: RunLog = noLog): RunLedger {
  const counters = createRunCounters(topology.stages, pipeline.sinks);
  const budget = createErrorBudget(pipeline.errors);
  const splits = new Map<number, readonly Split[]>();
  const sizes = new Map<number, InputSize>();
  const open = new Map<string, OpenChunk>();
  let firstFailure: string | undefined;
  const rowsReadOf = topology.regions.map(() => 0);
  /** By region: where the last complete chunk ends. */
  const readTo = topology.regions.map((): SourcePosition | undefined => undefined);
  const splitsOf = (region: number): readonly Split[] => splits.get(region) ?? [];

  const addRead = (region: number, rows: number): void => {
    rowsReadOf[region] += rows;
    counters.rowsRead += rows;
  };

  const shareRead = (region: number): number | undefined => {
    const { rows, bytesBefore } = sizes.get(region) ?? noInput;
    if (rows !== undefined) return rows === 0 ? undefined : rowsReadOf[region] / rows;
    const { split = 0, bytes } = readTo[region] ?? {};
    const all = bytesBefore[bytesBefore.length - 1];
    return bytes === undefined || all === 0 ? undefined : Math.min(1, (bytesBefore[split] + bytes) / all);
  };

  /** About how many rows there are, once some of each region are read. */
  const expectRows = (): number | undefined =>
    addKnown(topology.regions.map(({ id }) => {
      const share = shareRead(id) ?? 0;
      return share === 0 ? undefined : rowsReadOf[id] / share;
    }));

  const openChunk = (key: string): OpenChunk => {
    const known = open.get(key);
    if (known !== undefined) return known;
    const made: OpenChunk = { rowsRead: 0, filtered: 0, failures: [], position: undefined, passed: {}, exhausted: [], keys: new Map(), fault: undefined };
    open.set(key, made);
    return made;
  };

  const judge = (region: number, rows: number, failures: readonly RowFailure[]): void => {
    const [first] = failures;
    if (first !== undefined && pipeline.errors.kind === "fail") throw jobError("R0160", describeFailure(first, splitsOf(region)), 'mend the row, or set such rows aside with `errors: dead_letter("path", max: 0.1%)`');
    if (first !== undefined) firstFailure ??= describeFailure(first, splitsOf(region));
    if (budget.add(rows, sourceRowsOf(failures))) throw jobError("R0161", describeExcess());
  };

  /** The first failed row of this run; there may be none, where all failed in the runs that it goes on after. */
  const describeExcess = (): string =>
    `${counters.dead} of ${counters.rowsRead} rows failed, more than the pipeline's \`errors\` setting allows${firstFailure === undefined ? "" : `; the first: ${firstFailure}`}`;

  return {
    counters,
    splitsOf,
    addSource: (region, list) => {
      splits.set(region, list);
      sizes.set(region, sizeOf(list));
      counters.rowsTotal = addKnown([...sizes.values()].map(({ rows }) => rows));
    },
    addReport: (stage, chunk, report, isLast) => {
      const node = topology.stages[stage];
      const counter = counters.stages[stage];
      if (isLast) counter.chunks++;
      counter.rowsIn += report.rowsIn;
      counter.rowsOut += report.rowsOut;
      counter.busyMs += report.busyMs;
      const books = openChunk(`${node.region}:${chunk}`);
      books.filtered += report.filtered;
      for (const failure of report.failures) books.failures.push(failure);
      if (node.isSource) books.rowsRead += report.rowsIn;
      const { position, passed, keys, isExhausted } = report.progress ?? noProgress;
      books.position = position ?? books.position;
      books.passed = { ...books.passed, ...passed };
      for (const [step, list] of keys) books.keys.set(step, list);
      if (isExhausted) books.exhausted.push(stage);
    },
    addFault: (stage, chunk, error) => {
      const books = openChunk(`${topology.stages[stage].region}:${chunk}`);
      if (books.fault === undefined || stage < books.fault.stage) books.fault = { stage, error };
    },
    addSinkReport: (sink, rows, busyMs) => {
      counters.sinks[sink].rows += rows;
      counters.sinks[sink].busyMs += busyMs;
    },
    completeChunk: (region, chunk, letters) => {
      const key = `${region}:${chunk}`;
      const { rowsRead, filtered, failures, fault, position, passed, exhausted, keys } = openChunk(key);
      open.delete(key);
      addRead(region, rowsRead);
      readTo[region] = position ?? readTo[region];
      counters.rowsExpected = expectRows();
      counters.filtered += filtered;
      counters.dead += sourceRowsOf(failures);
      if (rowsRead > 0) log({ kind: "rowsDone", rows: rowsRead });
      if (fault !== undefined) throw fault.error;
      const inOrder = failures.sort(compareFailures);
      if (inOrder.length > 0) log({ kind: "rowsFailed", chunk, count: sourceRowsOf(inOrder), samples: inOrder.slice(0, SAMPLES_MAX).map((failure) => sampleOf(failure, splitsOf(region))) });
      judge(region, rowsRead, inOrder);
      letters?.write(region, inOrder);
      return { rowsIn: rowsRead, filtered, dead: sourceRowsOf(failures), position, passed, exhausted, keys };
    },
    addEarlier: (region, { rowsIn, filtered, dead }) => {
      addRead(region, rowsIn);
      counters.rowsEarlier += rowsIn;
      counters.filtered += filtered;
      counters.dead += dead;
      budget.add(rowsIn, dead);
    },
    shareRead,
    isAllRead: (region) => {
      const total = sizes.get(region)?.rows;
      return total !== undefined && rowsReadOf[region] >= total;
    },
    dropChunk: (region, chunk) => {
      open.delete(`${region}:${chunk}`);
    },
    overBudget: () => (budget.isOver() ? describeExcess() : undefined),
  };
}

/** What a source says of its input before it is read. */
interface InputSize {
  /** Undefined where it does not know. */
  readonly rows: number | undefined;
  /** By split, and at the end all of them. */
  readonly bytesBefore: readonly number[];
}

const noInput: InputSize = { rows: undefined, bytesBefore: [0] };

function sizeOf(splits: readonly Split[]): InputSize {
  const bytesBefore = [0];
  for (const { bytes } of splits) bytesBefore.push(bytesBefore[bytesBefore.length - 1] + bytes);
  return { rows: addKnown(splits.map(({ rows }) => rows)), bytesBefore };
}

/** Undefined where one of them is. */
function addKnown(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0);
}

/** Source rows of one chunk that failed: a row may fail in several branches, or in several of its children. */
function sourceRowsOf(failures: readonly RowFailure[]): number {
  return new Set(failures.map((failure) => failure.row)).size;
}

function sampleOf(failure: RowFailure, splits: readonly Split[]): FailureSample {
  const { message, step, at } = failure;
  return { where: placeOf(failure, splits), message, step, at };
}

/** "data/a.jsonl, line 12: cannot decode the image (pixels, ocr.pipe:31)". */
export function describeFailure(failure: RowFailure, splits: readonly Split[]): string {
  return `${placeOf(failure, splits)}: ${failure.message} (${failure.step}, ${failure.at.file}:${failure.at.line})`;
}

function placeOf(failure: RowFailure, splits: readonly Split[]): string {
  const file = splits[failure.split]?.path ?? "";
  // A source of whole files names the row by its file.
  return failure.place.startsWith(file) || file === "" ? failure.place : `${file}, ${failure.place}`;
}
