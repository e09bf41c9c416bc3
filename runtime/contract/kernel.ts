/**
 * What a source, a sink format and an operator kernel offer to the engine. Kernels know nothing of chunks,
 * workers or commits: the engine cuts, numbers, stages and renames.
 *
 * An operator kernel is a function of one object, its arguments by parameter name. It throws `RowError` (or any Error)
 * when the row cannot be computed, and is pure: equal arguments give equal bytes.
 */
import type { Column } from "./column.ts";
import type { Row, Value } from "./value.ts";

/** A fault of one row: dead-lettered, skipped or fatal as the program's `errors` setting says. */
export class RowError extends Error {
  override readonly name = "RowError";
}

/** A fault of the whole job that a user can mend: missing file, wrong column, unwritable folder. */
export class JobError extends Error {
  override readonly name = "JobError";
  readonly code: string;
  readonly fix: string | undefined;
  constructor(code: string, message: string, fix?: string) {
    super(message);
    this.code = code;
    this.fix = fix;
  }
}

/**
 * An aggregate of `implode`: folded over a parent's children in order. Written as methods, so that an aggregate of any
 * state fits where the state does not matter: it is only ever handed back to the kernel that made it.
 */
export interface AggregateKernel<State = unknown> {
  start(args: Row): State;
  step(state: State, value: Value): State;
  finish(state: State): Value;
}

/** One file (or part) of the input, frozen when the run opens. */
export interface Split {
  /** As it is named in messages and dead letters: relative where the user's path was. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** Where the format says it without reading everything. */
  readonly rows?: number;
  /** Of the names, sizes and times of its files, where it stands for several. */
  readonly digest?: string;
}

/** A row as read, or what is wrong with it. `place` is what a user looks for: "line 12", "row 7". */
export type SourceItem =
  | { readonly kind: "row"; readonly row: Row; readonly place: string }
  | { readonly kind: "bad"; readonly reason: string; readonly place: string };

export interface SourceKernel {
  /**
   * Lists the input and checks it against the wanted columns (missing file, missing column, wrong type: JobError
   * naming the file). Splits come in a fixed order: by path, code unit order.
   */
  readonly open: (args: Row, columns: readonly Column[]) => Promise<OpenSource>;
}

export interface OpenSource {
  readonly splits: readonly Split[];
  /** Rows of one split in order, from row `firstRow` on; may be asked for again. Reads ahead no more than a row group or 1 MiB. */
  readonly read: (split: number, firstRow: number) => AsyncIterable<readonly SourceItem[]>;
  /** Of the split's `bytes`, those behind what was read last. For sources whose splits do not say their rows. */
  readonly bytesRead?: () => number;
  readonly close: () => Promise<void>;
}

export interface SinkKernel {
  /** "parquet", "jsonl": the file name's ending; undefined for a sink without files. */
  readonly extension?: string;
  readonly open: (target: SinkTarget) => Promise<OpenSinkFile>;
}

export interface SinkTarget {
  /** The staged file to write; undefined for a sink without files. */
  readonly file?: string;
  readonly columns: readonly Column[];
  readonly args: Row;
}

export interface OpenSinkFile {
  readonly append: (rows: readonly Row[]) => Promise<void>;
  /** Writes what is left, syncs nothing. */
  readonly close: () => Promise<{ readonly bytes: number }>;
  /** Gives up; the engine deletes the staged file. */
  readonly abort: () => Promise<void>;
}
