/**
 * A row batch as it travels between threads: columns in Arrow's layout, ids and frames beside them. Every buffer
 * is transferred, never shared: after the post the sender has none of it left.
 */
import type { MessagePort } from "node:worker_threads";
import type { Column } from "../contract/column.ts";
import { bytesOfColumns, decodeColumns, encodeColumns, transferablesOf } from "./encoded-column.ts";
import type { EncodedColumn } from "./encoded-column.ts";
import type { ChunkId, RowBatch, RowId } from "./row-batch.ts";

export interface EncodedBatch {
  readonly chunk: ChunkId;
  readonly places: readonly string[];
  readonly count: number;
  readonly depth: number;
  readonly ids: Int32Array;
  readonly columns: readonly EncodedColumn[];
  readonly frames: readonly EncodedFrame[];
}

interface EncodedFrame {
  readonly count: number;
  readonly ids: Int32Array;
  readonly columns: readonly EncodedColumn[];
}

/** The schema of a stream: its own columns, and those carried by each explode open over it. */
export interface BatchSchema {
  readonly columns: readonly Column[];
  readonly frames: readonly (readonly Column[])[];
}

export function encodeBatch(batch: RowBatch, schema: BatchSchema): EncodedBatch {
  return {
    chunk: batch.chunk,
    places: batch.places,
    count: batch.rows.length,
    depth: schema.frames.length + 1,
    ids: encodeIds(batch.ids, schema.frames.length + 1),
    columns: encodeColumns(batch.rows, schema.columns),
    frames: batch.frames.map((frame, level) => ({
      count: frame.rows.length,
      ids: encodeIds(frame.ids, level + 1),
      columns: encodeColumns(frame.rows, schema.frames[level]),
    })),
  };
}

export function decodeBatch(encoded: EncodedBatch, schema: BatchSchema): RowBatch {
  return {
    chunk: encoded.chunk,
    places: encoded.places,
    ids: decodeIds(encoded.ids, encoded.depth),
    rows: decodeColumns(encoded.columns, schema.columns, encoded.count),
    frames: encoded.frames.map((frame, level) => ({
      ids: decodeIds(frame.ids, level + 1),
      rows: decodeColumns(frame.columns, schema.frames[level], frame.count),
    })),
  };
}

function encodeIds(ids: readonly RowId[], depth: number): Int32Array {
  const flat = new Int32Array(ids.length * depth);
  ids.forEach((id, index) => flat.set(id, index * depth));
  return flat;
}

function decodeIds(flat: Int32Array, depth: number): readonly RowId[] {
  return Array.from({ length: flat.length / depth }, (_, index) => Array.from(flat.subarray(index * depth, (index + 1) * depth)));
}

/** Bytes that a batch holds while it waits. */
export function bytesOfBatch(encoded: EncodedBatch): number {
  return bytesOfColumns(encoded.columns) + encoded.frames.reduce((sum, frame) => sum + bytesOfColumns(frame.columns), 0);
}

/** Posts `message` with the batch's buffers handed over; a buffer that stayed behind is our own bug. */
export function postBatch(port: MessagePort, message: { readonly batch: EncodedBatch }): void {
  const { batch } = message;
  const buffers = [...transferablesOf(batch.columns), ...batch.frames.flatMap((frame) => transferablesOf(frame.columns))];
  port.postMessage(message, buffers);
  for (const buffer of buffers) {
    if (buffer.byteLength !== 0) throw new Error("a buffer was copied to another thread instead of being handed over");
  }
}
