/**
 * Chunks as messages between workers: columns, row ids, places, and the parents of open explodes. Ids and places stay
 * plain lists: cloning a few numbers and texts is cheaper than making, handing over and taking apart a buffer for each.
 */
import type { MessagePort } from "node:worker_threads";
import type { Chunk, ChunkId, OpenBatches, ParentLevel, RowIds } from "../contract/chunk.ts";
import type { Column } from "../contract/column.ts";
import { buffersOf, decodeColumns, encodeColumns } from "./columns.ts";
import type { ColumnData, TakeBuffer } from "./columns.ts";
import { batchBuffers, encodeBatches } from "./open-batches.ts";
import { toWire } from "./wire-chunk.ts";

/** What lies on an edge: the columns of its rows, and of the parents of each open explode (outermost first). */
export interface EdgeSchema {
  readonly columns: readonly Column[];
  readonly levels: readonly { readonly step: number; readonly columns: readonly Column[] }[];
}

export interface ChunkMessage extends RowIds {
  readonly edge: number;
  readonly id: ChunkId;
  /** Which part of the chunk this is, from 0; most chunks have one. */
  readonly part: number;
  readonly isLast: boolean;
  readonly columns: readonly ColumnData[];
  readonly levels: readonly LevelMessage[];
  readonly places: readonly string[];
  readonly batches?: readonly OpenBatches[];
  /** Nothing is in it: a stage before could not do the chunk, and the run ends when its turn comes. */
  readonly isVoid: boolean;
}

interface LevelMessage extends RowIds {
  readonly failed: readonly number[];
  readonly columns: readonly ColumnData[];
}

/** A part's place in its chunk. */
export interface PartPlace {
  readonly part: number;
  readonly isLast: boolean;
}

/** A chunk of one part. */
export const wholeChunk: PartPlace = { part: 0, isLast: true };

/** `take`: where tensors are put. */
export function encodeChunk(edge: number, schema: EdgeSchema, chunk: Chunk, take?: TakeBuffer, { part, isLast } = wholeChunk): ChunkMessage {
  return {
    edge,
    id: chunk.id,
    part,
    isLast,
    columns: encodeColumns(schema.columns, chunk.rows, take),
    parents: chunk.parents,
    children: chunk.children,
    levels: chunk.levels.map((level, depth) => encodeLevel(schema.levels[depth].columns, level)),
    places: chunk.places,
    ...(chunk.batches === undefined ? {} : { batches: encodeBatches(chunk.batches) }),
    isVoid: false,
  };
}

/** Stands for a chunk that could not be made, so that each stage and sink still takes every chunk once. */
export function voidChunk(edge: number, id: ChunkId, { part, isLast } = wholeChunk): ChunkMessage {
  return { edge, id, part, isLast, columns: [], parents: [], children: [], levels: [], places: [], isVoid: true };
}

function encodeLevel(columns: readonly Column[], { parents, children, failed, rows }: ParentLevel): LevelMessage {
  return { parents, children, failed, columns: encodeColumns(columns, rows) };
}

export function decodeChunk(schema: EdgeSchema, message: ChunkMessage): Chunk {
  const { id, parents, children, places } = message;
  return {
    id,
    rows: decodeColumns(schema.columns, message.columns, parents.length),
    parents,
    children,
    levels: message.levels.map((level, depth) => decodeLevel(schema.levels[depth], level)),
    places,
    ...(message.batches === undefined ? {} : { batches: message.batches }),
  };
}

function decodeLevel({ step, columns }: EdgeSchema["levels"][number], { parents, children, failed, columns: data }: LevelMessage): ParentLevel {
  return { step, rows: decodeColumns(columns, data, parents.length), parents, children, failed };
}

export function messageBuffers(message: ChunkMessage): readonly ArrayBuffer[] {
  return [...message.columns.flatMap(buffersOf), ...message.levels.flatMap(({ columns }) => columns.flatMap(buffersOf)), ...batchBuffers(message.batches ?? [])];
}

/** What ids and places take, roughly. */
function idBytes({ parents, places, levels }: ChunkMessage): number {
  const ids = parents.length + levels.reduce((sum, level) => sum + level.parents.length, 0);
  return 2 * Int32Array.BYTES_PER_ELEMENT * ids + places.reduce((sum, place) => sum + place.length, 0);
}

/** Adds to `into` the buffers of a chunk that nobody looks at any more: the large ones that are still here, for the sender to use again. Gives their bytes. */
export function collectSpent(message: ChunkMessage, bytesMin: number, into: ArrayBuffer[]): number {
  let bytes = 0;
  for (const column of message.columns) {
    for (const buffer of buffersOf(column)) {
      if (buffer.byteLength < bytesMin) continue;
      into.push(buffer);
      bytes += buffer.byteLength;
    }
  }
  return bytes;
}

/** A buffer this small is copied sooner than it is detached here and attached there. */
const CLONED_BYTES_MAX = 4096;

/** Moves the chunk to another thread: afterwards it is gone here, and nothing large was copied. Gives its bytes. */
export function postChunk(port: Pick<MessagePort, "postMessage">, message: ChunkMessage): number {
  const moved: ArrayBuffer[] = [];
  let bytes = idBytes(message);
  for (const buffer of messageBuffers(message)) {
    bytes += buffer.byteLength;
    if (buffer.byteLength > CLONED_BYTES_MAX) moved.push(buffer);
  }
  port.postMessage(toWire(message), moved);
  // Buffers of native add-ons are cloned in silence instead of transferred.
  if (moved.some((buffer) => buffer.byteLength !== 0)) throw new Error("a chunk was copied to another thread instead of transferred");
  return bytes;
}
