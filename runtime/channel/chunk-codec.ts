/** Chunks as messages between workers: columns, row ids, places, and the parents of open explodes. */
import type { MessagePort } from "node:worker_threads";
import type { Chunk, ChunkId, OpenBatches, ParentLevel } from "../contract/chunk.ts";
import type { Column } from "../contract/column.ts";
import { decodeTexts, encodeTexts } from "./binary-column.ts";
import type { BinaryColumn } from "./binary-column.ts";
import { buffersOf, decodeColumns, encodeColumns } from "./columns.ts";
import type { ColumnData, TakeBuffer } from "./columns.ts";
import { batchBuffers, encodeBatches } from "./open-batches.ts";

/** What lies on an edge: the columns of its rows, and of the parents of each open explode (outermost first). */
export interface EdgeSchema {
  readonly columns: readonly Column[];
  readonly levels: readonly { readonly step: number; readonly columns: readonly Column[] }[];
}

interface IdData {
  readonly parents: Int32Array<ArrayBuffer>;
  readonly children: Int32Array<ArrayBuffer>;
}

export interface ChunkMessage extends IdData {
  readonly edge: number;
  readonly id: ChunkId;
  /** Which part of the chunk this is; chunks move whole so far. */
  readonly part: number;
  readonly columns: readonly ColumnData[];
  readonly levels: readonly LevelMessage[];
  readonly places: BinaryColumn;
  readonly batches?: readonly OpenBatches[];
  /** Nothing is in it: a stage before could not do the chunk, and the run ends when its turn comes. */
  readonly isVoid: boolean;
}

interface LevelMessage extends IdData {
  readonly failed: Uint8Array<ArrayBuffer>;
  readonly columns: readonly ColumnData[];
}

/** `take`: where tensors are put. */
export function encodeChunk(edge: number, schema: EdgeSchema, chunk: Chunk, take?: TakeBuffer): ChunkMessage {
  return {
    edge,
    id: chunk.id,
    part: 0,
    columns: encodeColumns(schema.columns, chunk.rows, take),
    parents: Int32Array.from(chunk.parents),
    children: Int32Array.from(chunk.children),
    levels: chunk.levels.map((level, depth) => encodeLevel(schema.levels[depth].columns, level)),
    places: encodeTexts(chunk.places),
    ...(chunk.batches === undefined ? {} : { batches: encodeBatches(chunk.batches) }),
    isVoid: false,
  };
}

/** Stands for a chunk that could not be made, so that each stage and sink still takes every chunk once. */
export function voidChunk(edge: number, id: ChunkId): ChunkMessage {
  return { edge, id, part: 0, columns: [], parents: new Int32Array(0), children: new Int32Array(0), levels: [], places: encodeTexts([]), isVoid: true };
}

function encodeLevel(columns: readonly Column[], level: ParentLevel): LevelMessage {
  return {
    parents: Int32Array.from(level.parents),
    children: Int32Array.from(level.children),
    failed: Uint8Array.from(level.failed),
    columns: encodeColumns(columns, level.rows),
  };
}

export function decodeChunk(schema: EdgeSchema, message: ChunkMessage): Chunk {
  return {
    id: message.id,
    rows: decodeColumns(schema.columns, message.columns, message.parents.length),
    parents: Array.from(message.parents),
    children: Array.from(message.children),
    levels: message.levels.map((level, depth) => ({
      step: schema.levels[depth].step,
      rows: decodeColumns(schema.levels[depth].columns, level.columns, level.parents.length),
      parents: Array.from(level.parents),
      children: Array.from(level.children),
      failed: Array.from(level.failed),
    })),
    places: decodeTexts(message.places),
    ...(message.batches === undefined ? {} : { batches: message.batches }),
  };
}

export function messageBuffers(message: ChunkMessage): readonly ArrayBuffer[] {
  const ids = (data: IdData): readonly ArrayBuffer[] => [data.parents.buffer, data.children.buffer];
  return [
    ...message.columns.flatMap(buffersOf),
    ...ids(message),
    ...message.levels.flatMap((level) => [...level.columns.flatMap(buffersOf), ...ids(level), level.failed.buffer]),
    message.places.offsets.buffer,
    message.places.bytes.buffer,
    ...batchBuffers(message.batches ?? []),
  ];
}

/** Buffers of a chunk that nobody looks at any more: the large ones that are still here, for the sender to use again. */
export function spentBuffers(message: ChunkMessage, bytesMin: number): readonly ArrayBuffer[] {
  return message.columns.flatMap(buffersOf).filter((buffer) => buffer.byteLength >= bytesMin);
}

/** A buffer this small is copied sooner than it is detached here and attached there. */
const CLONED_BYTES_MAX = 4096;

/** Moves the chunk to another thread: afterwards it is gone here, and nothing large was copied. Gives its bytes. */
export function postChunk(port: Pick<MessagePort, "postMessage">, message: ChunkMessage): number {
  const buffers = messageBuffers(message);
  const bytes = buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
  const moved = buffers.filter((buffer) => buffer.byteLength > CLONED_BYTES_MAX);
  port.postMessage(message, moved);
  // Buffers of native add-ons are cloned in silence instead of transferred.
  if (moved.some((buffer) => buffer.byteLength !== 0)) throw new Error("a chunk was copied to another thread instead of transferred");
  return bytes;
}
