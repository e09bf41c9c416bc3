/**
 * The rows of one chunk, as stages see them. A row is known by its id: its place in the chunk, then its place
 * among the children of each explode still open over it. Rows stand in id order; ids depend on nothing but the
 * source and the program.
 */
import type { Row } from "../contract/value.ts";

/** Chunks are numbered over all splits of a source in order; `split` and `firstRow` say where this one lies. */
export interface ChunkId {
  readonly sequence: number;
  readonly split: number;
  readonly firstRow: number;
}

/** Place in the chunk, then child numbers, outermost first. */
export type RowId = readonly number[];

/**
 * An explode that is still open: the parents as they were, whether or not any child is left. `implode` gives
 * one row for each parent that is not dead.
 */
export interface Frame {
  readonly ids: readonly RowId[];
  /** Only the carried fields. */
  readonly rows: readonly Row[];
}

export interface RowBatch {
  readonly chunk: ChunkId;
  readonly ids: readonly RowId[];
  readonly rows: readonly Row[];
  /** Outermost first. */
  readonly frames: readonly Frame[];
  /** By place in the chunk: where the source says each row stands ("line 12"). */
  readonly places: readonly string[];
}

/** Ids in the order rows stand in. */
export function compareRowIds(a: RowId, b: RowId): number {
  for (let depth = 0; depth < Math.min(a.length, b.length); depth++) if (a[depth] !== b[depth]) return a[depth] - b[depth];
  return a.length - b.length;
}

/** A key for maps. */
export function rowIdKey(id: RowId): string {
  return id.join(".");
}

/** The same batch with other rows. */
export function withRows(batch: RowBatch, ids: readonly RowId[], rows: readonly Row[], frames: readonly Frame[] = batch.frames): RowBatch {
  return { chunk: batch.chunk, ids, rows, frames, places: batch.places };
}
