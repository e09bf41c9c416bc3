/**
 * Rows under way, as a worker holds them. A chunk is a fixed run of rows of one split; whatever filters and explodes
 * leave of it stays one chunk, so that every stage maps one chunk to one chunk and each is completed exactly once. Under
 * an explode a `Chunk` may be one part of it (`stage-parts.ts`), with the parents of its own rows.
 *
 * Rows are named by (`parents[i]`, `children[i]`), ascending: with no open explode the parent is 0 and the child is
 * the row's number in the chunk; under an explode the parent is an index into the innermost level and the child its
 * number among the parent's children. So streams of one lineage can be aligned and explodes closed without a shuffle.
 */
import type { Row, Tensor } from "./value.ts";

export interface ChunkId {
  /** Counts the chunks of one source from 0, in row order. */
  readonly ordinal: number;
  readonly split: number;
  /** The number of the chunk's first row within its split. */
  readonly firstRow: number;
}

export interface RowIds {
  readonly parents: readonly number[];
  readonly children: readonly number[];
}

export interface Chunk extends RowIds {
  readonly id: ChunkId;
  readonly rows: readonly Row[];
  /** Open explodes, outermost first. */
  readonly levels: readonly ParentLevel[];
  /** What a user looks for, for each source row of the chunk: "line 12". */
  readonly places: readonly string[];
  /** Calls of cut models that are under way, between two parts. */
  readonly batches?: readonly OpenBatches[];
}

/** The batches of one call of a cut model: each of the chunk's rows is in exactly one of them. */
export interface OpenBatches {
  /** `ModelPart.call`. */
  readonly call: string;
  readonly batches: readonly OpenBatch[];
}

export interface OpenBatch {
  /** The positions of the batch's rows in the chunk, in the order of the batch axis; GONE where a row has been dropped since. */
  readonly rows: readonly number[];
  /** The model's dimensions: each row's own, and the padded ones, which all rows share. */
  readonly own: readonly Readonly<Record<string, number>>[];
  readonly padded: Readonly<Record<string, number>>;
  /** What the next part receives, by name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** Stands for the position of a row that is not in the chunk any more. */
export const GONE = -1;

/** The rows that one explode opened: never dropped, so that an implode sees parents whose children are all gone. */
export interface ParentLevel extends RowIds {
  /** The explode step. */
  readonly step: number;
  /** The fields that an implode carries. */
  readonly rows: readonly Row[];
  /** 1 where a child failed: a failed child fails its parent. */
  readonly failed: readonly number[];
}

/** The number, in its chunk, of the source row that row `index` descends from. */
export function sourceRowOf(chunk: Chunk, index: number): number {
  let ids: RowIds = chunk;
  let at = index;
  for (let depth = chunk.levels.length - 1; depth >= 0; depth--) {
    at = ids.parents[at];
    ids = chunk.levels[depth];
  }
  return ids.children[at];
}

/** The rows at `indices` (ascending) only. */
export function selectRows(chunk: Chunk, indices: readonly number[]): Chunk {
  if (indices.length === chunk.rows.length) return chunk;
  const kept = { ...chunk, rows: pickAt(chunk.rows, indices), parents: pickAt(chunk.parents, indices), children: pickAt(chunk.children, indices) };
  return chunk.batches === undefined ? kept : { ...kept, batches: moveRows(chunk.batches, new Map(indices.map((index, position) => [index, position]))) };
}

/** The same batches with their rows at other positions. */
function moveRows(calls: readonly OpenBatches[], positions: ReadonlyMap<number, number>): readonly OpenBatches[] {
  return calls.map((call) => ({ ...call, batches: call.batches.map((batch) => ({ ...batch, rows: batch.rows.map((row) => positions.get(row) ?? GONE) })) }));
}

/** The chunk with the parents of the rows at `indices` marked failed. */
export function failParents(chunk: Chunk, indices: readonly number[]): Chunk {
  const innermost = chunk.levels.at(-1);
  if (innermost === undefined || indices.length === 0) return chunk;
  const failed = [...innermost.failed];
  for (const index of indices) failed[chunk.parents[index]] = 1;
  return { ...chunk, levels: [...chunk.levels.slice(0, -1), { ...innermost, failed }] };
}

function pickAt<T>(items: readonly T[], indices: readonly number[]): readonly T[] {
  return indices.map((index) => items[index]);
}
