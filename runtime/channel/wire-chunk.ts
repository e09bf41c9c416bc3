/**
 * Chunks as they travel between threads: lists instead of records, since cloning a record writes the name of each of its
 * fields, and looks it up again at the other end, while the receiver stands still. Only this file knows the places in the
 * lists; nothing large is copied either way.
 */
import type { OpenBatches } from "../contract/chunk.ts";
import type { ChunkMessage } from "./chunk-codec.ts";
import type { ColumnData, NumericData } from "./columns.ts";

type Ints = Int32Array<ArrayBuffer>;
type Bytes = Uint8Array<ArrayBuffer>;

/** A column's layout, then its parts in the order in which `ColumnData` names them. */
type WireColumn =
  | readonly ["fixed", NumericData]
  | readonly ["ragged", NumericData, Ints, Ints]
  | readonly ["texts", Ints, Bytes, Ints, Ints]
  | readonly ["binary", Ints, Bytes]
  | readonly ["list", Ints, WireColumn]
  | readonly ["record", readonly WireColumn[]]
  | readonly ["optional", Bytes, WireColumn];

/** Parents, children, failed, columns. */
type WireLevel = readonly [readonly number[], readonly number[], readonly number[], readonly WireColumn[]];

/** Edge, ordinal, split, first row, part; whether it is the last part, and void; parents, children, places, columns, levels, batches. */
export type WireChunk = readonly [number, number, number, number, number, boolean, boolean, readonly number[], readonly number[], readonly string[], readonly WireColumn[], readonly WireLevel[], readonly OpenBatches[] | undefined];

export function toWire({ edge, id, part, isLast, isVoid, parents, children, places, columns, levels, batches }: ChunkMessage): WireChunk {
  const wireLevels = levels.map((level): WireLevel => [level.parents, level.children, level.failed, level.columns.map(columnToWire)]);
  return [edge, id.ordinal, id.split, id.firstRow, part, isLast, isVoid, parents, children, places, columns.map(columnToWire), wireLevels, batches];
}

export function fromWire([edge, ordinal, split, firstRow, part, isLast, isVoid, parents, children, places, columns, levels, batches]: WireChunk): ChunkMessage {
  return {
    edge,
    id: { ordinal, split, firstRow },
    part,
    isLast,
    columns: columns.map(columnFromWire),
    parents,
    children,
    levels: levels.map(([outer, own, failed, data]) => ({ parents: outer, children: own, failed, columns: data.map(columnFromWire) })),
    places,
    ...(batches === undefined ? {} : { batches }),
    isVoid,
  };
}

function columnToWire(column: ColumnData): WireColumn {
  switch (column.layout) {
    case "fixed":
      return ["fixed", column.data];
    case "ragged":
      return ["ragged", column.data, column.offsets, column.shapes];
    case "texts":
      return ["texts", column.items.offsets, column.items.bytes, column.offsets, column.shapes];
    case "binary":
      return ["binary", column.items.offsets, column.items.bytes];
    case "list":
      return ["list", column.offsets, columnToWire(column.items)];
    case "record":
      return ["record", column.fields.map(columnToWire)];
    case "optional":
      return ["optional", column.validity, columnToWire(column.items)];
  }
}

function columnFromWire(wire: WireColumn): ColumnData {
  switch (wire[0]) {
    case "fixed":
      return { layout: "fixed", data: wire[1] };
    case "ragged":
      return { layout: "ragged", data: wire[1], offsets: wire[2], shapes: wire[3] };
    case "texts":
      return { layout: "texts", items: { offsets: wire[1], bytes: wire[2] }, offsets: wire[3], shapes: wire[4] };
    case "binary":
      return { layout: "binary", items: { offsets: wire[1], bytes: wire[2] } };
    case "list":
      return { layout: "list", offsets: wire[1], items: columnFromWire(wire[2]) };
    case "record":
      return { layout: "record", fields: wire[1].map(columnFromWire) };
    case "optional":
      return { layout: "optional", validity: wire[1], items: columnFromWire(wire[2]) };
  }
}
